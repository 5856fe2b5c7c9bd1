/** A minute in all: a server that is started anew is back by then. */
const BACKOFF_SECONDS = [0.5, 1, 2, 4, 8, 15, 30];

const MOST_SECONDS = 60;

/**
 * Seconds until a request may be sent again that was sent `retries` times more than once; undefined where that was often
 * enough. @param asked what `retry-after` said, if there was an answer: seconds or a date
 */
export function retryAfter(
  retries: number,
  asked: string | null | undefined,
  now: number,
): number | undefined {
  const backoff = BACKOFF_SECONDS[retries];
  if (backoff === undefined || asked == null || asked.trim() === '') return backoff;
  const seconds = Number.isNaN(Number(asked)) ? (Date.parse(asked) - now) / 1000 : Number(asked);
  return Number.isNaN(seconds) ? backoff : Math.min(MOST_SECONDS, Math.max(0, seconds));
}
