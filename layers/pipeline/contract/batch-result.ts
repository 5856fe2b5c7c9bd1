import { z } from 'zod';
import { Sha256 } from './plan.ts';
import { SegmentTranscript } from './transcript.ts';

export const Lane = z.enum(['gpu', 'cpu']);
export type Lane = z.infer<typeof Lane>;

/** What one lane heard in one batch; kept as `jobs/<job>/batches/<index>/attempt-<lane>.json`. */
export const BatchResult = z.strictObject({
  jobId: z.string().min(1),
  index: z.int().nonnegative(),
  lane: Lane,
  model: z.string(),
  /** One per segment, in the batch's order; times are seconds of the segment. */
  transcripts: z.array(SegmentTranscript),
  /** How many of them came from the transcript cache. */
  cached: z.int().nonnegative(),
  /** Under which the transcript cache has them: removed with their job. */
  cacheKeys: z.array(Sha256).optional(),
  /** Of its segments' sound: what another plan cut is another batch, though it has the same index. See `soundSha256`. */
  soundSha256: Sha256,
  /** What a device worked for each segment that it heard, in their order: its share of a batch, without waiting and second looks. */
  segmentSeconds: z.array(z.number().nonnegative()),
  /** What a device worked for all of it, second looks too. */
  engineSeconds: z.number().nonnegative(),
});
export type BatchResult = z.infer<typeof BatchResult>;

/** A batch that a lane could not transcribe: the state machine goes on to the next lane, or marks a gap. */
export const BatchFailure = z.strictObject({
  jobId: z.string().min(1),
  index: z.int().nonnegative(),
  lane: Lane,
  code: z.string(),
  reason: z.string(),
});
export type BatchFailure = z.infer<typeof BatchFailure>;
