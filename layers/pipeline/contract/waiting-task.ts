import { z } from 'zod';
import { Sha256 } from './plan.ts';

/** Who waits for one inference; kept as `jobs/<job>/tokens/<inference id>.json`. */
export const WaitingTask = z.strictObject({
  taskToken: z.string().min(1),
  jobId: z.string().min(1),
  index: z.int().nonnegative(),
  /** So many transcripts are an answer. */
  segments: z.int().positive(),
  /** Of the segments that were sent. */
  soundSha256: Sha256,
  /** Of the batch. */
  confidential: z.literal(true).optional(),
});
export type WaitingTask = z.infer<typeof WaitingTask>;
