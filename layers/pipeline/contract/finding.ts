import { z } from 'zod';
import { DropReason } from './transcript.ts';

/** Why text was left out, or is doubtful: one word that programs can switch on. `other-language`: it was only guessed. */
export const FindingReason = z.enum([
  ...DropReason.options,
  'repetition',
  'low-probability',
  'other-language',
]);
export type FindingReason = z.infer<typeof FindingReason>;

/** A stretch of a recording whose text was left out (`dropped`) or kept with doubt (`doubtful`). Nothing goes silently. */
export const Finding = z.strictObject({
  kind: z.enum(['dropped', 'doubtful']),
  reason: FindingReason,
  startSeconds: z.number().nonnegative(),
  endSeconds: z.number().nonnegative(),
  /** What was said there, or would have been written. */
  text: z.string(),
  channel: z.int().nonnegative().optional(),
});
export type Finding = z.infer<typeof Finding>;
