import { normalWord } from '@murmuration/pipeline/transcripts/normal-word';
import type { TimedWord } from './contestant.ts';

/**
 * What was heard of each word that was said, by its place: the longest common subsequence, whatever the times, so that a
 * word that is far from its place counts as just that.
 */
export function matchWords(said: readonly TimedWord[], heard: readonly TimedWord[]): Map<number, TimedWord> {
  const before = said.map((word) => normalWord(word.text));
  const after = heard.map((word) => normalWord(word.text));
  const longest = before.map(() => new Uint16Array(after.length + 1));
  longest.push(new Uint16Array(after.length + 1));
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      longest[i]![j] =
        before[i] === after[j]
          ? 1 + longest[i + 1]![j + 1]!
          : Math.max(longest[i + 1]![j]!, longest[i]![j + 1]!);
    }
  }
  const matched = new Map<number, TimedWord>();
  for (let i = 0, j = 0; i < before.length && j < after.length; ) {
    if (before[i] === after[j]) matched.set(i++, heard[j++]!);
    else if (longest[i + 1]![j]! >= longest[i]![j + 1]!) i++;
    else j++;
  }
  return matched;
}
