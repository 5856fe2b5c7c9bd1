import { z } from 'zod';
import { Word } from './transcript.ts';

/** What live transcription tells. Times are seconds from the first sample. */
export const LiveEvent = z.discriminatedUnion('kind', [
  /** All words that are heard but not sure yet; replaces the interim words before it. */
  z.strictObject({ kind: z.literal('interim'), words: z.array(Word) }),
  /** Words that never change again; they follow all final words before them. */
  z.strictObject({ kind: z.literal('final'), words: z.array(Word).min(1) }),
  /** Somebody paused; all that was said before is final. */
  z.strictObject({ kind: z.literal('pause'), atSeconds: z.number().nonnegative() }),
  /** The last event: all audio was heard. */
  z.strictObject({ kind: z.literal('done'), durationSeconds: z.number().nonnegative(), text: z.string() }),
]);
export type LiveEvent = z.infer<typeof LiveEvent>;
