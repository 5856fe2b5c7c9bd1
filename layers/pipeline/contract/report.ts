import { z } from 'zod';
import { BatchFailure, Lane } from './batch-result.ts';
import { Finding } from './finding.ts';

/** `jobs/<job>/report.json`: what a person should know of a transcript. */
export const Report = z.strictObject({
  jobId: z.string().min(1),
  sourceKey: z.string().min(1),
  model: z.string(),
  durationSeconds: z.number().nonnegative(),
  /** Damage that the decoder survived. */
  warnings: z.array(z.string()),
  /** Text that was left out, text to be doubted, and what no lane transcribed. */
  findings: z.array(Finding),
  batches: z.array(
    z.strictObject({
      index: z.int().nonnegative(),
      /** Undefined where no lane transcribed it. */
      lane: Lane.optional(),
      cached: z.int().nonnegative(),
      failures: z.array(BatchFailure.pick({ lane: true, code: true, reason: true })),
    }),
  ),
});
export type Report = z.infer<typeof Report>;
