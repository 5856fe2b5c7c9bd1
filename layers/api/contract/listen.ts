import { type RedactKind, TextEdits } from '@murmuration/pipeline/contract/text-edits';
import { z } from 'zod';

const flag = z.enum(['true', 'false']).default('false');

/** Deepgram's names of what patterns can find, and the kit's own. */
const redactKindOf = {
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

/** What is to be redacted, in the kit's words; undefined where it is nothing. */
export function listenEdits({ redact }: Pick<ListenQuery, 'redact'>): TextEdits | undefined {
  if (redact.length === 0) return undefined;
  return TextEdits.parse({ redact: redact.map((kind) => redactKindOf[kind]) });
}

/** Deepgram's query, as far as it means something here; what only makes text prettier is ignored, for Whisper does it. */
export const ListenQuery = z.object({
  model: z.string().min(1).max(200).default('nova-3'),
  language: z.string().min(1).max(100).optional(),
  detect_language: flag,
  /** Each channel for itself. */
  multichannel: flag,
  utterances: flag,
  diarize: z
    .literal('false', { error: 'speakers are not told apart here, only channels: use multichannel' })
    .optional(),
  callback: z
    .undefined({ error: 'nothing is called back here: use POST /v1/jobs with a webhook' })
    .optional(),
  /** Repeated, or with commas. Not Deepgram's groups: half of what they promise would be left standing. */
  redact: z.array(ListenRedactKind).max(20).default([]),
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
