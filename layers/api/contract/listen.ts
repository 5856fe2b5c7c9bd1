import type { RedactKind } from '@murmuration/pipeline/contract/text-edits';
import { z } from 'zod';
import { writtenFlag } from './written-flag.ts';

const flag = writtenFlag(z.enum(['true', 'false'])).default('false');

/** Deepgram's names of what patterns can find, and the kit's own. */
export const redactKindOf = {
  email: 'email',
  email_address: 'email',
  card: 'card',
  credit_card: 'card',
  ssn: 'ssn',
  phone: 'phone',
  phone_number: 'phone',
} satisfies Record<string, RedactKind>;

const ListenRedactKind = z.enum(Object.keys(redactKindOf) as (keyof typeof redactKindOf)[], {
  error: 'give email_address, phone_number, credit_card or ssn: nothing else is found here',
});

const terms = (what: string) =>
  z
    .array(z.string().min(1, `give a ${what}`).max(200))
    .max(100)
    .default([]);
const speakers = 'speakers are not told apart here, only channels: use multichannel';

/** Deepgram's query, as far as it means something here: what asks for more is told of in the answer's `metadata.warnings`. */
export const ListenQuery = z.object({
  model: z.string().min(1).max(200).default('nova-3'),
  language: z.string().min(1).max(100).optional(),
  detect_language: flag,
  /** Each channel for itself. */
  multichannel: flag,
  utterances: flag,
  diarize: writtenFlag(z.literal('false', { error: speakers })).optional(),
  diarize_model: z.undefined({ error: speakers }).optional(),
  callback: z
    .undefined({ error: 'nothing is called back here: use POST /v1/jobs with a webhook' })
    .optional(),
  /** Repeated, or with commas. Not Deepgram's groups: half of what they promise would be left standing. */
  redact: z.array(ListenRedactKind).max(20).default([]),
  /** `find:replacement`, repeated; nothing after the colon leaves the words out. */
  replace: z
    .array(
      z
        .string()
        .max(200)
        .regex(/^\s*[^:\s][^:]*:/, 'write it as find:replacement'),
    )
    .max(200)
    .default([]),
  /** Names and terms to expect, repeated. */
  keyterm: terms('term'),
  /** The same, as older models take it; what a colon says of their weight is not listened to. */
  keywords: terms('word'),
  /** Repeated; the answer has them again. */
  tag: z.array(z.string().max(128)).max(20).default([]),
  /** `key:value`, repeated; the answer has them again. */
  extra: z
    .array(
      z
        .string()
        .max(200)
        .regex(/^[^:]+:/, 'write it as key:value'),
    )
    .max(20)
    .default([]),
});
export type ListenQuery = z.infer<typeof ListenQuery>;

/** Body of `POST /v1/listen`, where it is JSON. */
export const ListenInput = z.object({
  /** It must lead into the public internet. */
  url: z.url({ protocol: /^https$/, error: 'give an https address' }).max(2048),
});

const ListenWord = z.strictObject({
  word: z.string(),
  start: z.number(),
  end: z.number(),
  confidence: z.number().min(0).max(1),
  punctuated_word: z.string(),
});
export type ListenWord = z.infer<typeof ListenWord>;

/** Deepgram's `ListenV1Response`. */
export const ListenAnswer = z.strictObject({
  metadata: z.strictObject({
    transaction_key: z.literal('deprecated'),
    request_id: z.string(),
    /** Of the body, or of the address. */
    sha256: z.string(),
    created: z.iso.datetime(),
    duration: z.number(),
    channels: z.int().positive(),
    models: z.array(z.string()),
    model_info: z.record(
      z.string(),
      z.strictObject({ name: z.string(), version: z.string(), arch: z.string() }),
    ),
    tags: z.array(z.string()).optional(),
    extra: z.record(z.string(), z.string()).optional(),
    /** What was asked for and is not done here. */
    warnings: z
      .array(z.strictObject({ parameter: z.string(), type: z.string(), message: z.string() }))
      .optional(),
  }),
  results: z.strictObject({
    channels: z.array(
      z.strictObject({
        alternatives: z.array(
          z.strictObject({
            transcript: z.string(),
            confidence: z.number().min(0).max(1),
            words: z.array(ListenWord),
          }),
        ),
        detected_language: z.string().optional(),
      }),
    ),
    utterances: z
      .array(
        z.strictObject({
          id: z.string(),
          start: z.number(),
          end: z.number(),
          confidence: z.number().min(0).max(1),
          channel: z.int().nonnegative(),
          transcript: z.string(),
          words: z.array(ListenWord),
        }),
      )
      .optional(),
  }),
});
export type ListenAnswer = z.infer<typeof ListenAnswer>;
