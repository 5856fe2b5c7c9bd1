import { z } from 'zod';

/** `partial`: delivered, with gaps where a batch failed on every lane. */
export const JobState = z.enum(['splitting', 'transcribing', 'merging', 'done', 'partial', 'failed']);
export type JobState = z.infer<typeof JobState>;

/** `jobs/<job>/status.json`: how a job stands, for people and programs. */
export const JobStatus = z.strictObject({
  jobId: z.string().min(1),
  sourceKey: z.string().min(1),
  state: JobState,
  /** Of the upload; as long as it is split. */
  etag: z.string().optional(),
  /** Why it failed or is partial, in words a person understands. */
  reason: z.string().optional(),
  /** Code of the error, see `errorPolicy`. */
  code: z.string().optional(),
  durationSeconds: z.number().nonnegative().optional(),
  /** All channels together, where each is transcribed for itself. @default durationSeconds */
  heardSeconds: z.number().nonnegative().optional(),
  batches: z.int().nonnegative().optional(),
  failedBatches: z.array(z.int().nonnegative()).optional(),
  /** Batches by where they were transcribed. */
  lanes: z.strictObject({ gpu: z.int().nonnegative(), cpu: z.int().nonnegative() }).optional(),
  cachedSegments: z.int().nonnegative().optional(),
  warnings: z.array(z.string()).optional(),
  /** Keys of what was delivered, by format. */
  outputs: z.record(z.string(), z.string()).optional(),
  updatedAt: z.iso.datetime(),
});
export type JobStatus = z.infer<typeof JobStatus>;
