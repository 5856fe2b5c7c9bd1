import { type CountryCode, isSupportedCountry } from 'libphonenumber-js/min';
import { RedactKind } from '../contract/text-edits.ts';
import { MurmurationError } from '../errors.ts';
import { findCards } from './find-cards.ts';
import { findEmails } from './find-emails.ts';
import { findPhones } from './find-phones.ts';
import { findSocialSecurity } from './find-social-security.ts';
import type { FoundSpan } from './found-span.ts';
import type { TextEdit } from './text-edit.ts';

/** In the order of their work. */
export const redactKinds = RedactKind.options;

export interface RedactOptions {
  /** ISO code of the country whose telephone numbers are written without `+`. @default US */
  readonly phoneCountry?: string | undefined;
}

/**
 * Edits that put `[email]`, `[phone]`, `[card]` or `[ssn]` in the place of what patterns know. They look for digits and,
 * for addresses, English spelling out ("ann at example dot com"); numbers in words ("four two"), names and streets
 * are not found. Throws `invalid-argument` for an unknown kind or country.
 */
export function redact(kinds: readonly string[], { phoneCountry = 'US' }: RedactOptions = {}): TextEdit[] {
  const unknown = kinds.find((kind) => !redactKinds.some((known) => known === kind));
  if (unknown !== undefined || kinds.length === 0) {
    throw new MurmurationError(
      'invalid-argument',
      `cannot redact "${unknown ?? ''}": give one or more of ${redactKinds.join(', ')}, with commas between them`,
      { details: { param: 'redact' } },
    );
  }
  const country = phoneCountry.toUpperCase();
  if (!isSupportedCountry(country)) {
    throw new MurmurationError(
      'invalid-argument',
      `"${phoneCountry}" is no country whose telephone numbers are known: give an ISO code such as US or DE`,
      { details: { param: 'phone_country' } },
    );
  }
  const asked = new Set(kinds);
  return redactKinds.filter((kind) => asked.has(kind)).map((kind) => edit(kind, country));
}

function edit(kind: RedactKind, country: CountryCode): TextEdit {
  const find = finders[kind];
  return (text) => united(find(text, country)).map((span) => ({ ...span, replacement: `[${kind}]` }));
}

const finders = {
  email: findEmails,
  card: findCards,
  ssn: findSocialSecurity,
  phone: findPhones,
} satisfies Record<RedactKind, (text: string, country: CountryCode) => FoundSpan[]>;

/** In order, those that overlap as one. */
function united(spans: readonly FoundSpan[]): FoundSpan[] {
  const result: FoundSpan[] = [];
  for (const span of spans.toSorted((a, b) => a.start - b.start)) {
    const last = result.at(-1);
    if (last !== undefined && span.start < last.end) {
      result[result.length - 1] = { start: last.start, end: Math.max(last.end, span.end) };
    } else result.push(span);
  }
  return result;
}
