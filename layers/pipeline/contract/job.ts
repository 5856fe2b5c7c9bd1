import { z } from 'zod';
import { DecodingOptions } from './decoding.ts';
import { TextEdits } from './text-edits.ts';
import { Webhook } from './webhook.ts';

export const FormatName = z.enum(['json', 'srt', 'vtt', 'tsv', 'txt']);
export type FormatName = z.infer<typeof FormatName>;

/** What an uploader may choose; all of it has defaults. */
export const JobOptions = z.strictObject({
  decoding: DecodingOptions.prefault({}),
  channels: z.enum(['mix', 'separate']).default('mix'),
  preprocess: z.enum(['none', 'drc']).default('none'),
  formats: z
    .array(FormatName)
    .min(1)
    .default([...FormatName.options]),
  /** What is changed before anything is delivered. */
  edits: TextEdits.optional(),
  /** Where its end is told to; it changes nothing of the result. */
  webhook: Webhook.optional(),
});
export type JobOptions = z.infer<typeof JobOptions>;

/** An object that arrived in the bucket: where every job begins. */
export const MediaUploaded = z.strictObject({
  kind: z.literal('media-uploaded'),
  key: z.string().min(1),
  /** As S3 gives it: another content is another etag. */
  etag: z.string().min(1),
  sizeBytes: z.int().nonnegative(),
  /** Milliseconds of the epoch, or as EventBridge writes it; for the time a job waits. */
  uploadedAt: z
    .union([z.int().nonnegative(), z.iso.datetime().transform((time) => Date.parse(time))])
    .optional(),
  options: JobOptions.prefault({}),
});
export type MediaUploaded = z.infer<typeof MediaUploaded>;
