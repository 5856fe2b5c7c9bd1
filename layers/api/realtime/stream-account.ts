import { MurmurationError } from '@murmuration/pipeline/errors';
import type { Ledger } from '../api-ports.ts';
import type { ApiKey } from '../contract/api-key.ts';

/** What a stream costs its key. */
export interface StreamAccount {
  /** From the stream's start. */
  readonly bookedSeconds: number;
  /** So much is used by now: books ahead, in portions. Throws `budget-spent`, and what the ledger throws. */
  use(seconds: number): Promise<void>;
  /** So much was used in all. */
  settle(seconds: number): Promise<void>;
}

/** Booked at once, so that nothing is heard that is not paid. */
export const PORTION_SECONDS = 10;

/** Of one stream; `bookedSeconds` were booked for it elsewhere. */
export function streamAccount(
  { key, requestId }: { readonly key: ApiKey; readonly requestId: string },
  ledger: Pick<Ledger, 'spend' | 'settle'>,
  bookedSeconds: number,
): StreamAccount {
  let booked = bookedSeconds;
  return {
    get bookedSeconds() {
      return booked;
    },
    async use(seconds) {
      if (seconds <= booked) return;
      booked = Math.ceil(seconds / PORTION_SECONDS) * PORTION_SECONDS;
      if (await ledger.spend(key, booked, requestId)) return;
      throw liveBudgetSpent();
    },
    settle: (seconds) => ledger.settle(requestId, seconds),
  };
}

export const liveBudgetSpent = () =>
  new MurmurationError('budget-spent', "this key's budget for this month is spent: raise it, or wait");
