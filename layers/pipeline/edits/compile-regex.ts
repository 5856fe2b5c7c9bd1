import { RE2JS, RE2JSException } from 're2js';
import type { ReplaceRule } from '../contract/replace-rule.ts';

type RegexRule = Extract<ReplaceRule, { regex: string }>;

/** A rule's regular expression for RE2. Throws what `refuse` makes of a problem. */
export function compileRegex(
  { regex, flags: letters, ignoreCase }: RegexRule,
  refuse: (problem: string, cause?: unknown) => Error,
): RE2JS {
  const flags =
    (ignoreCase || letters.includes('i') ? RE2JS.CASE_INSENSITIVE : 0) |
    (letters.includes('s') ? RE2JS.DOTALL : 0) |
    (letters.includes('m') ? RE2JS.MULTILINE : 0);
  let pattern: RE2JS;
  try {
    pattern = RE2JS.compile(RE2JS.translateRegExp(regex), flags);
  } catch (cause) {
    if (!(cause instanceof RE2JSException)) throw cause;
    const why = cause.message.replace(/^error parsing regexp: /, '');
    throw refuse(`${why}: look-around and back-references are not understood`, cause);
  }
  if (pattern.matcher('').find()) throw refuse(`"${regex}" also matches nothing at all`);
  return pattern;
}
