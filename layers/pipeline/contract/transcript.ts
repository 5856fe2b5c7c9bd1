import { z } from 'zod';

/** One spoken word. Times are seconds from the start of the recording (inside the engine: of the segment). */
export const Word = z.strictObject({
  /** As written, with its punctuation, and its leading space where the language writes one. */
  text: z.string().min(1),
  startSeconds: z.number().nonnegative(),
  endSeconds: z.number().nonnegative(),
  /** Mean probability of the word's tokens, 0 to 1. */
  probability: z.number().min(0).max(1),
});
export type Word = z.infer<typeof Word>;

/** Why the decoding ladder did not keep an attempt. */
export const FallbackReason = z.enum(['compression-ratio', 'avg-logprob', 'repetition', 'token-limit']);
export type FallbackReason = z.infer<typeof FallbackReason>;

/** Why a segment's text was left out of the transcript; `not-transcribed`: no lane could, its stretch is a gap. */
export const DropReason = z.enum([
  'no-speech',
  'no-voice',
  'bag-phrase',
  'words-per-second',
  'repeated-phrase',
  'not-transcribed',
]);
export type DropReason = z.infer<typeof DropReason>;

/** One rung of the ladder that was tried and not kept. */
export const Fallback = z.strictObject({
  context: z.enum(['short', 'full']),
  temperature: z.number().min(0).max(1),
  reason: FallbackReason,
  /** Whose it was, of a ladder of models. @default the transcript's own */
  model: z.string().optional(),
});
export type Fallback = z.infer<typeof Fallback>;

/** What the engine heard in one segment, with the way it got there. */
export const SegmentTranscript = z.strictObject({
  startSeconds: z.number().nonnegative(),
  endSeconds: z.number().nonnegative(),
  /** Empty where nothing was said, or where the text was dropped. */
  text: z.string(),
  /** Text tokens, without special ones. */
  tokens: z.array(z.int().nonnegative()),
  words: z.array(Word).optional(),
  language: z.string(),
  languageProbability: z.number().min(0).max(1),
  avgLogprob: z.number(),
  compressionRatio: z.number().nonnegative(),
  noSpeechProbability: z.number().min(0).max(1),
  temperature: z.number().min(0).max(1),
  context: z.enum(['short', 'full']),
  fallbacks: z.array(Fallback),
  /** What is wrong with the text even so: every rung of the ladder had a fault, and this one the least. */
  fault: FallbackReason.optional(),
  /** Which model of a ladder wrote it. @default the transcript's own, which heard it first */
  model: z.string().optional(),
  /** Where channels were transcribed apart, counted from 0. */
  channel: z.int().nonnegative().optional(),
  dropped: z.strictObject({ reason: DropReason, text: z.string() }).optional(),
});
export type SegmentTranscript = z.infer<typeof SegmentTranscript>;

/** A whole recording: segments in order of time. */
export const Transcript = z.strictObject({
  model: z.string(),
  task: z.enum(['transcribe', 'translate']),
  language: z.string(),
  durationSeconds: z.number().nonnegative(),
  text: z.string(),
  segments: z.array(SegmentTranscript),
});
export type Transcript = z.infer<typeof Transcript>;
