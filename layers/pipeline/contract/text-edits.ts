import { z } from 'zod';
import { ReplaceRule } from './replace-rule.ts';

/** In the order of their work: nine digits of a card are no social security number. */
export const RedactKind = z.enum(['email', 'card', 'ssn', 'phone']);
export type RedactKind = z.infer<typeof RedactKind>;

/** What is to be changed in a transcript before anybody gets it: replacements first, in their order, then what is private. */
export const TextEdits = z.strictObject({
  replace: z.array(ReplaceRule).max(200).default([]),
  /** Nothing of the recording's text is kept then but the transcript: no cache, no batches. */
  redact: z.array(RedactKind).max(20).default([]),
  /** ISO code of the country whose telephone numbers are written without `+`. */
  phoneCountry: z
    .string()
    .regex(/^[A-Za-z]{2}$/, 'give an ISO code such as US or DE')
    .default('US'),
});
export type TextEdits = z.infer<typeof TextEdits>;
