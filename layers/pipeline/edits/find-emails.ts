import { RE2JS } from 're2js';
import type { FoundSpan } from './found-span.ts';

/** What stands before "at example.com" when no address is meant: "find us at example.com". */
const NOT_A_NAME = new Set(
  'us me you it them him her is are was be look available online website site page visit found here there and or not live work'.split(
    ' ',
  ),
);

/** "We met at two dot five" is no address: what is said must end as many addresses do. */
const ENDINGS =
  'com|org|net|edu|gov|mil|info|biz|io|ai|app|dev|co|tv|eu|uk|us|ca|au|nz|ie|de|at|ch|fr|nl|be|es|it|pt|se|no|dk|fi|pl|jp|cn|in|br|mx|za';

// Written "ann@example.com", and as it is said: "ann dot lee at example dot com", "a n n at example.com".
// RE2, for each of these runs over the text in linear time.
const LETTERS = String.raw`(?:[\p{L}\p{N}]\s+){2,}`;
const ATOM = String.raw`[\p{L}\p{N}_%+'-]+`;
const NAME = String.raw`(?:${LETTERS})?${ATOM}(?:(?:\.|\s+(?:dot|underscore|dash|hyphen|plus)\s+)${ATOM})*`;
const LABEL = String.raw`[\p{L}\p{N}][\p{L}\p{N}-]*`;
const DOT = String.raw`(?:\.|\s+dot\s+)`;
const DOMAIN = String.raw`${LABEL}(?:${DOT}${LABEL})*${DOT}\p{L}[\p{L}-]+`;
const written = RE2JS.compile(String.raw`(?i)${NAME}\s?@\s?(?:${DOMAIN})`);
const said = RE2JS.compile(
  String.raw`(?i)(${NAME})\s+at\s+${LABEL}(?:${DOT}${LABEL})*${DOT}(?:${ENDINGS})\b`,
);

/** Addresses as they are written, and in English as they are said. */
export function findEmails(text: string): FoundSpan[] {
  const found = [...written.matchAll(text)].map(spanOf);
  for (const match of said.matchAll(text)) {
    if (!NOT_A_NAME.has(match[1]!.toLowerCase())) found.push(spanOf(match));
  }
  return found;
}

const spanOf = (match: RegExpMatchArray): FoundSpan => ({
  start: match.index!,
  end: match.index! + match[0].length,
});
