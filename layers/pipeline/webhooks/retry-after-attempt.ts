import { createHash } from 'node:crypto';

const MINUTE = 60;
const HOUR = 60 * MINUTE;

/** Seconds before each further try, as Standard Webhooks suggests; each below the 12 hours that SQS can hide a message. */
const WAITS_SECONDS = [5, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 10 * HOUR];

/** Tries in all, over a day and four hours. */
export const WEBHOOK_ATTEMPTS = WAITS_SECONDS.length + 1;

/**
 * Seconds to wait after a failed `attempt`, from 1; undefined after the last. Up to a tenth longer, by what is
 * delivered: a receiver that comes back up is not called by all at once.
 */
export function retryAfterAttempt(attempt: number, deliveryId: string): number | undefined {
  const wait = WAITS_SECONDS[attempt - 1];
  if (wait === undefined) return undefined;
  const [byte = 0] = createHash('sha256').update(`${deliveryId}.${attempt}`).digest();
  return Math.round(wait * (1 + byte / 2550));
}
