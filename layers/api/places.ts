import { MurmurationError } from '@murmuration/pipeline/errors';

export interface Places {
  /** Answers what gives the place back, once. Throws `rate-limited` where all are taken. */
  take(): () => void;
}

/** So many requests at once, for each holds a file and waits for the one engine. */
export function createPlaces(most: number): Places {
  let taken = 0;
  return {
    take() {
      if (taken >= most) {
        throw new MurmurationError(
          'rate-limited',
          `${most} requests are under way, the most at once: send it again in a moment`,
          { details: { retryAfterSeconds: 1 } },
        );
      }
      taken += 1;
      let isHeld = true;
      return () => {
        if (isHeld) taken -= 1;
        isHeld = false;
      };
    },
  };
}
