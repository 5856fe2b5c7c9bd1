import { z } from 'zod';

/** One entry a word: the mean probability of its tokens. */
export const Logprob = z.strictObject({
  token: z.string(),
  logprob: z.number(),
  /** UTF-8. */
  bytes: z.array(z.int().min(0).max(255)),
});
export type Logprob = z.infer<typeof Logprob>;

const Duration = z.strictObject({ type: z.literal('duration'), seconds: z.number().nonnegative() });

/** OpenAI's `Transcription`. */
export const TranscriptionAnswer = z.strictObject({
  text: z.string(),
  logprobs: z.array(Logprob).optional(),
  usage: Duration,
});

/** OpenAI's `TranscriptionVerbose`. */
export const VerboseAnswer = z.strictObject({
  task: z.enum(['transcribe', 'translate']),
  language: z.string(),
  duration: z.number(),
  text: z.string(),
  segments: z
    .array(
      z.strictObject({
        id: z.int(),
        seek: z.int(),
        start: z.number(),
        end: z.number(),
        text: z.string(),
        tokens: z.array(z.int()),
        temperature: z.number(),
        avg_logprob: z.number(),
        compression_ratio: z.number(),
        no_speech_prob: z.number(),
      }),
    )
    .optional(),
  words: z.array(z.strictObject({ word: z.string(), start: z.number(), end: z.number() })).optional(),
  usage: Duration.optional(),
});

/** What `stream=true` sends, one object an event. */
export const TranscriptionEvent = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('transcript.text.delta'),
    delta: z.string(),
    logprobs: z.array(Logprob).optional(),
  }),
  z.strictObject({
    type: z.literal('transcript.text.done'),
    /** The whole text; what turned out to be said by nobody is left out of it. */
    text: z.string(),
    logprobs: z.array(Logprob).optional(),
    usage: z.strictObject({
      type: z.literal('tokens'),
      /** Positions of the encoder, 50 a second. */
      input_tokens: z.int(),
      input_token_details: z.strictObject({ audio_tokens: z.int(), text_tokens: z.int() }),
      output_tokens: z.int(),
      total_tokens: z.int(),
    }),
  }),
]);
export type TranscriptionEvent = z.infer<typeof TranscriptionEvent>;
