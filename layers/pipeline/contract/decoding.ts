import { z } from 'zod';

/** How to decode; every field has Whisper's own default (openai/whisper, transcribe.py). */
export const DecodingOptions = z.strictObject({
  /** ISO code such as `en`; `auto` detects it from the speech. */
  language: z.string().default('auto'),
  task: z.enum(['transcribe', 'translate']).default('transcribe'),
  /** Earlier text or spelling hints, given to the decoder as previous context. */
  prompt: z.string().default(''),
  /** Words to expect: names, jargon. */
  hotwords: z.array(z.string()).default([]),
  /** Align every word with the audio. */
  words: z.boolean().default(false),
  /** Try a short encoder context before the full 30 s. */
  shortContext: z.boolean().default(true),
  temperatures: z.array(z.number().min(0).max(1)).min(1).default([0, 0.2, 0.4, 0.6, 0.8, 1]),
  compressionRatioThreshold: z.number().positive().default(2.4),
  logprobThreshold: z.number().default(-1),
  noSpeechThreshold: z.number().min(0).max(1).default(0.6),
  /** Sampling is a pure function of seed, step and token, so the same seed gives the same text. */
  seed: z.int().nonnegative().default(0),
});
export type DecodingOptions = z.infer<typeof DecodingOptions>;
export type DecodingInput = z.input<typeof DecodingOptions>;
