import type { ReplaceRule } from '../contract/replace-rule.ts';
import type { TextEdits } from '../contract/text-edits.ts';
import { MurmurationError } from '../errors.ts';
import { compileRegex } from './compile-regex.ts';
import { redact } from './redact.ts';
import { replaceAll } from './replace.ts';
import type { TextEdit } from './text-edit.ts';

/** Of all regular expressions together: RE2 then takes 11 s at most for the text of ten hours. */
const MOST_STEPS = 500;

/**
 * The edits that somebody asked for, replacements first. Throws `invalid-argument` for a regular expression that is none,
 * for such as take long, and for a country whose telephone numbers nobody knows.
 */
export function openEdits(wanted: TextEdits | undefined): TextEdit[] {
  if (wanted === undefined) return [];
  const { replace, redact: kinds, phoneCountry } = wanted;
  const edits = replaceAll(replace);
  const steps = replace.reduce((sum, rule) => sum + stepsOf(rule), 0);
  if (steps > MOST_STEPS) {
    throw new MurmurationError(
      'invalid-argument',
      `the regular expressions to replace by have ${steps} steps, ${MOST_STEPS} are the most: shorten them, or their {n}`,
      { details: { param: 'replace' } },
    );
  }
  return [...edits, ...(kinds.length === 0 ? [] : redact(kinds, { phoneCountry }))];
}

/** Whether nothing of what was said may be kept but the edited transcript. */
export const isConfidential = (wanted: TextEdits | undefined): boolean => (wanted?.redact.length ?? 0) > 0;

const stepsOf = (rule: ReplaceRule) =>
  'regex' in rule ? compileRegex(rule, (problem) => new Error(problem)).programSize() : 0;
