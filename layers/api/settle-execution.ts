import { TranscriptReady } from '@murmuration/pipeline/contract/messages';
import { z } from 'zod';
import type { Ledger } from './api-ports.ts';

/** What EventBridge tells of an execution of Step Functions that has ended, as far as it concerns us. */
const ExecutionEnded = z.object({
  detail: z.object({
    /** What a job of the API holds, it holds under this name. */
    name: z.string(),
    status: z.enum(['SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED']),
    /** JSON; null where there is none, or it was too long. */
    output: z.string().nullish(),
  }),
});

/**
 * Books what a job has used in place of what its header declared: what its transcript has, or nothing where it failed. What
 * comes twice is settled once. Answers what it settled. Throws what the ledger throws, and where it is no such event.
 */
export async function settleExecution(
  event: unknown,
  ledger: Pick<Ledger, 'settle'>,
): Promise<{ readonly name: string; readonly usedSeconds: number }> {
  const { name, status, output } = ExecutionEnded.parse(event).detail;
  const usedSeconds = status === 'SUCCEEDED' ? heardIn(output ?? '{}') : 0;
  await ledger.settle(name, usedSeconds);
  return { name, usedSeconds };
}

/** Nothing where what was delivered before is delivered again. */
function heardIn(output: string): number {
  const ready = TranscriptReady.safeParse(JSON.parse(output));
  return ready.success ? (ready.data.heardSeconds ?? ready.data.durationSeconds) : 0;
}
