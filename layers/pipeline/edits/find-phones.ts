import { type CountryCode, findPhoneNumbersInText } from 'libphonenumber-js/min';
import type { FoundSpan } from './found-span.ts';

// libphonenumber knows which numbers can be dialled. A number that was misheard, or made up for a film (555), has the
// shape of one and says as much about its owner.
const northAmerican =
  /(?<![\d-])(?:\+?1[-\s,.]{1,2})?(?:\(\d{3}\)\s?|\d{3}[-\s,.–]{1,2})\d{3}[-\s,.–]{1,2}\d{4}(?![-–]?\d)|(?<![\d-])\d{3}-\d{4}(?![-–]?\d)/g;
const international = /\+\d(?:[-\s().–]{0,2}\d){6,14}/g;

/** Telephone numbers: of any country with `+`, of `country` as people there write them, and of North America's shape. */
export function findPhones(text: string, country: CountryCode): FoundSpan[] {
  const known = findPhoneNumbersInText(text, country);
  const shaped = [northAmerican, international].flatMap((pattern) => [...text.matchAll(pattern)]);
  return [
    ...known.map(({ startsAt, endsAt }) => ({ start: startsAt, end: endsAt })),
    ...shaped.map(({ index, 0: match }) => ({ start: index, end: index + match.length })),
  ];
}
