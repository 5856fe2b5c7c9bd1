import { MurmurationError } from '@murmuration/pipeline/errors';
import type { Clock } from '@murmuration/pipeline/ports';

/** A request's: while its body arrives another may get it, and from then on nobody. */
export interface Place {
  /** Aborted with what its client is to be told when another has got it. */
  readonly signal: AbortSignal;
  /** So much more of the body came. */
  received(sizeBytes: number): void;
  /** The body is here. Throws what `signal` tells. */
  arrived(): void;
  /** Gives it back, once. */
  release(): void;
}

export interface Places {
  /** Throws `rate-limited` where all are taken, and nobody has to give way. */
  take(owner: string): Place;
}

/** A recording of 64 kbit/s that comes as slowly as it plays. */
const LEAST_BYTES_A_SECOND = 8 << 10;
/** So long a body may pause. */
const PAUSE_MILLISECONDS = 10_000;
/** An owner may have more only while others do not ask for them. */
const SHARE = 1 / 4;

interface Taken {
  readonly owner: string;
  readonly stop: AbortController;
  isArriving: boolean;
  /** When more of the body must have come. */
  dueAt: number;
}

/**
 * So many requests at once, for each holds a file and waits for the one engine. Nobody is cut off who sends slowly, unless
 * another needs the place: then the slowest body gives way, of those that fell behind or whose owner has more than a share.
 */
export function createPlaces(most: number, clock: Clock): Places {
  const all = new Set<Taken>();
  const countOf = (wanted: string) => [...all].filter(({ owner }) => owner === wanted).length;

  function slowest(newcomer: string): Taken | undefined {
    const share = most * SHARE;
    const isModest = countOf(newcomer) < share;
    return [...all]
      .filter(({ isArriving }) => isArriving)
      .filter(({ owner, dueAt }) => dueAt < clock() || (isModest && countOf(owner) > share))
      .sort((one, other) => one.dueAt - other.dueAt)[0];
  }

  return {
    take(owner) {
      if (all.size >= most) {
        const given = slowest(owner);
        if (given === undefined) {
          throw busy(`${most} requests are under way, the most at once: send it again in a moment`);
        }
        all.delete(given);
        given.stop.abort(busy('the recording came slowly, and its place was needed: send it again'));
      }
      const latest = () => clock() + PAUSE_MILLISECONDS;
      const taken: Taken = { owner, stop: new AbortController(), isArriving: true, dueAt: latest() };
      all.add(taken);
      const { signal } = taken.stop;
      return {
        signal,
        received(sizeBytes) {
          taken.dueAt = Math.min(latest(), taken.dueAt + (sizeBytes / LEAST_BYTES_A_SECOND) * 1000);
        },
        arrived() {
          signal.throwIfAborted();
          taken.isArriving = false;
        },
        release: () => void all.delete(taken),
      };
    },
  };
}

function busy(message: string): MurmurationError {
  return new MurmurationError('rate-limited', message, { details: { retryAfterSeconds: 1 } });
}
