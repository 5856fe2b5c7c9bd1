import type { LookupFunction } from 'node:net';

/** Which addresses may be called: @murmuration/media/http-reach knows. */
export interface HttpBounds {
  /** Throws where an address names a number that is out of bounds. */
  check(url: URL): void;
  /** Refuses a name that leads out of bounds, at the moment of connecting. */
  readonly lookup: LookupFunction;
  /** Whether either of them refused. */
  isRefusal(error: unknown): boolean;
  /** Of the internet: nobody on the way shall read it. */
  readonly secureOnly: boolean;
}
