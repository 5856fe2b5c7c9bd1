import { z } from 'zod';
import { DecodingOptions } from './decoding.ts';
import { JobOptions } from './job.ts';

/** 64 hex digits in lower case. */
export const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const Span = z.strictObject({
  startSeconds: z.number().nonnegative(),
  endSeconds: z.number().nonnegative(),
});

/** A stretch of one channel, at most 30 s: a byte range of its s16le object at 16 kHz. */
export const Segment = z.strictObject({
  /** In order of time, over all channels. */
  index: z.int().nonnegative(),
  /** Undefined where channels are mixed. */
  channel: z.int().nonnegative().optional(),
  /** Of the recording. */
  startSeconds: z.number().nonnegative(),
  endSeconds: z.number().positive(),
  /** So much of its start is in the segment before, too. */
  overlapSeconds: z.number().nonnegative(),
  byteStart: z.int().nonnegative(),
  /** The first byte after it. */
  byteEnd: z.int().positive(),
  /** Of these bytes. */
  sha256: Sha256,
  /** Where a voice was heard, in seconds of the segment. */
  speech: z.array(Span).optional(),
});
export type Segment = z.infer<typeof Segment>;

/** What one lane transcribes in one go; holds all it needs but the audio, and fits 128,000 bytes of JSON. */
export const Batch = z.strictObject({
  kind: z.literal('batch'),
  jobId: z.string().min(1),
  index: z.int().nonnegative(),
  /** Id of the model that the plan was made for. */
  model: z.string().min(1),
  decoding: DecodingOptions,
  segments: z.array(Segment).min(1),
  /** What is heard is to be kept nowhere but for its job, and not longer. @default false */
  confidential: z.literal(true).optional(),
});
export type Batch = z.infer<typeof Batch>;

/** What merging needs to know of a job beside its batches; `jobs/<job>/plan.json` is the list of batches alone. */
export const Recording = z.strictObject({
  jobId: z.string().min(1),
  sourceKey: z.string().min(1),
  model: z.string().min(1),
  options: JobOptions,
  container: z.string(),
  codec: z.string(),
  durationSeconds: z.number().nonnegative(),
  channels: z.int().positive(),
  batches: z.int().nonnegative(),
  /** Damage that the decoder survived, in plain words. */
  warnings: z.array(z.string()),
});
export type Recording = z.infer<typeof Recording>;
