import { refusedRules } from './refused-rules.ts';

/** A transcript of 100 hours has some six million; rules that make more of it are no rules for one. */
const MOST_CHARACTERS = 8_000_000;

/** Throws `invalid-argument` where `name`, a rule or all of them, makes a text so long that it would fill the memory. */
export function requireBounded(characters: number, name: string): void {
  if (characters <= MOST_CHARACTERS) return;
  throw refusedRules(`${name} makes more than ${MOST_CHARACTERS} characters of the text`);
}
