import { Finding } from '@murmuration/pipeline/contract/finding';
import { z } from 'zod';

/** `partial`: delivered, with a gap where audio could not be transcribed. */
export const ApiJobState = z.enum(['queued', 'running', 'done', 'partial', 'failed']);
export type ApiJobState = z.infer<typeof ApiJobState>;

/** A job as `GET /v1/jobs/{id}` answers it. Times of day are seconds of the epoch, as OpenAI writes them. */
export const ApiJob = z.strictObject({
  id: z.string(),
  object: z.literal('transcription.job'),
  state: ApiJobState,
  name: z.string(),
  model: z.string(),
  created_at: z.int().nonnegative(),
  updated_at: z.int().nonnegative(),
  /** Of audio. */
  progress: z.strictObject({
    done_seconds: z.number().nonnegative(),
    /** Null where the file does not say. */
    total_seconds: z.number().nonnegative().nullable(),
  }),
  /** As far as it was heard. */
  text: z.string(),
  /** Null until it is known. */
  language: z.string().nullable(),
  /** Segments that came from the cache. */
  cached_segments: z.int().nonnegative(),
  /** Damage of the recording that was survived. */
  warnings: z.array(z.string()),
  /** What was left out, or is to be doubted, and why. */
  findings: z.array(Finding),
  /** Why it failed or is partial. */
  error: z.strictObject({ code: z.string(), message: z.string() }).nullable(),
});
export type ApiJob = z.infer<typeof ApiJob>;

/** A job in a list, without what is as long as its recording. */
export const ApiJobSummary = z.object(ApiJob.omit({ text: true, language: true, findings: true }).shape);
export type ApiJobSummary = z.infer<typeof ApiJobSummary>;
