import type { Place } from '../places.ts';

/** What a recording in a request may take. */
export interface BodyRoom {
  readonly mostBytes: number;
  /** @default the system's folder for temporary files */
  readonly spool?: string | undefined;
  /** @default nobody else's */
  readonly place?: Place | undefined;
}
