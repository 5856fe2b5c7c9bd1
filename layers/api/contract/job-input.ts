import { TextEdits } from '@murmuration/pipeline/contract/text-edits';
import { Webhook } from '@murmuration/pipeline/contract/webhook';
import { isKey } from '@murmuration/pipeline/keys';
import { z } from 'zod';
import { JobId, UploadId } from './resource-id.ts';

/** Body of `POST /v1/uploads`. */
export const UploadInput = z.strictObject({
  /** For people. */
  name: z.string().min(1).max(200).default('recording'),
  size_bytes: z.int().positive(),
});

/** Body of `POST /v1/uploads/{id}/complete`; local uploads need no etags. */
export const CompleteInput = z.strictObject({ etags: z.array(z.string().max(200)).max(10_000).default([]) });

/** An upload as it is answered: send each part's bytes with PUT, then complete it. */
export const UploadAnswer = z.strictObject({
  id: UploadId,
  object: z.literal('upload'),
  name: z.string(),
  size_bytes: z.int().positive(),
  parts: z.array(
    z.strictObject({
      method: z.literal('PUT'),
      url: z.string(),
      start_byte: z.int().nonnegative(),
      end_byte: z.int().positive(),
    }),
  ),
  expires_at: z.int(),
});

/** They come with each batch: Step Functions hands 256 KB on, and the GPU endpoint takes 128 KB. */
const MOST_HINT_BYTES = 64 << 10;

/** Body of `POST /v1/jobs`: where the recording is, and how to hear it. */
export const JobInput = z
  .strictObject({
    upload_id: UploadId.optional(),
    /** https; it must lead into the public internet. */
    file_url: z
      .url({ protocol: /^https$/, error: 'give an https address' })
      .max(2048)
      .optional(),
    /** Of the kit's own bucket. */
    s3_key: z
      .string()
      .min(1)
      .refine(
        (key) => isKey(key) && !/\p{Surrogate}/u.test(key),
        'an object has a name of at most 1024 bytes, in UTF-8',
      )
      .refine((key) => !/(^|\/)\.\.?(\/|$)/.test(key), 'leave out what is . or .. between slashes')
      .optional(),
    /** For people; the upload's name, or the address, where absent. */
    name: z.string().min(1).max(200).optional(),
    /** The first of `GET /v1/models` where absent. */
    model: z.string().min(1).max(200).optional(),
    language: z.string().min(1).max(100).default('auto'),
    task: z.enum(['transcribe', 'translate']).default('transcribe'),
    prompt: z.string().max(20_000).default(''),
    hotwords: z.array(z.string().max(200)).max(200).default([]),
    /** 0 climbs from 0 to 1 by itself where a text looks wrong. */
    temperature: z.number().min(0).max(1).default(0),
    /** Time every word. */
    words: z.boolean().default(true),
    channels: z.enum(['mix', 'separate']).default('mix'),
    preprocess: z.enum(['none', 'drc']).default('none'),
    /** Find and replace, in this order, before anything is delivered. */
    replace: TextEdits.shape.replace,
    /** Put `[email]`, `[card]` … in its place; then nothing else of the text is kept, and none is told before the end. */
    redact: TextEdits.shape.redact,
    phone_country: TextEdits.shape.phoneCountry,
    webhook: Webhook.optional(),
    /** Answer what it would cost, and do nothing. */
    dry_run: z.boolean().default(false),
  })
  .refine((input) => [input.upload_id, input.file_url, input.s3_key].filter(Boolean).length === 1, {
    error: 'give one of upload_id, file_url and s3_key',
    path: ['file_url'],
  })
  .refine(
    ({ prompt, hotwords }) => Buffer.byteLength(JSON.stringify([prompt, hotwords])) <= MOST_HINT_BYTES,
    {
      error: `give at most ${MOST_HINT_BYTES >> 10} KiB together with hotwords: a model reads a few hundred words of them`,
      path: ['prompt'],
    },
  );
export type JobInput = z.infer<typeof JobInput>;

/** What `dry_run` answers. */
export const JobEstimate = z.strictObject({
  object: z.literal('transcription.estimate'),
  /** Null where the file does not say. */
  duration_seconds: z.number().nonnegative().nullable(),
  /** Of audio that would be paid: with `channels: separate` of all channels together. */
  heard_seconds: z.number().nonnegative().nullable(),
  dollars: z.number().nonnegative().nullable(),
  /** Roughly, without a queue. */
  expected_seconds: z.number().nonnegative().nullable(),
  /** Seconds of audio that are heard in a second, by which that was reckoned. */
  times_real_time: z.number().positive(),
  /** Whether this server has measured it, on its last recordings; else it is what such a machine usually does. */
  measured: z.boolean(),
  /** Of audio, in this month; null without a limit. */
  budget_left_seconds: z.number().nonnegative().nullable(),
});

/** Query of `GET /v1/jobs`. */
export const JobPage = z.object({
  limit: z.coerce.number().int().min(1).max(100).default(20),
  cursor: JobId.optional(),
});

/** Query of `GET /v1/jobs/{id}/transcript`. */
export const TranscriptQuery = z.object({
  format: z.enum(['text', 'json', 'verbose_json', 'srt', 'vtt', 'tsv']).default('json'),
});
