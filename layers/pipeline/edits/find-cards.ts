import type { FoundSpan } from './found-span.ts';

const SHORTEST = 13;
const LONGEST = 19;

/** Numbers of payment cards: 13 to 19 digits in any grouping, whose last digit is the right check digit (Luhn). */
export function findCards(text: string): FoundSpan[] {
  const found: FoundSpan[] = [];
  // Speech recognisers put commas and full stops where a speaker takes a breath
  for (const run of text.matchAll(/\d(?:[\s,.\-–]{0,2}\d)+/g)) {
    const digits = [...run[0].matchAll(/\d/g)].map(({ index, 0: digit }) => ({
      place: run.index + index,
      value: Number(digit),
    }));
    // A card begins and ends where a group of digits does
    const begins = digits.map(({ place }) => !isDigit(text[place - 1]));
    const ends = digits.map(({ place }) => !isDigit(text[place + 1]));
    for (let first = 0; first + SHORTEST <= digits.length; first++) {
      if (!begins[first]) continue;
      const values = digits.slice(first, first + LONGEST).map(({ value }) => value);
      const count = cardLength(values, ends.slice(first, first + LONGEST));
      if (count === undefined) continue;
      found.push({ start: digits[first]!.place, end: digits[first + count - 1]!.place + 1 });
      first += count - 1;
    }
  }
  return found;
}

const isDigit = (character: string | undefined) => character !== undefined && /\d/.test(character);

/** How many of these digits are a card's; the longest that fits. ISO/IEC 7812: those of banks begin with 2 to 6. */
function cardLength(digits: readonly number[], ends: readonly boolean[]): number | undefined {
  if (digits[0]! < 2 || digits[0]! > 6) return undefined;
  for (let count = digits.length; count >= SHORTEST; count--) {
    if (ends[count - 1] && isChecked(digits.slice(0, count))) return count;
  }
  return undefined;
}

/** Luhn's check: ISO/IEC 7812-1, annex B. */
function isChecked(digits: readonly number[]): boolean {
  const sum = digits.toReversed().reduce((total, digit, index) => {
    const weighed = index % 2 === 0 ? digit : digit * 2;
    return total + (weighed > 9 ? weighed - 9 : weighed);
  }, 0);
  return sum % 10 === 0;
}
