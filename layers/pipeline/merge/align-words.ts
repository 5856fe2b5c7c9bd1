import type { Word } from '../contract/transcript.ts';
import { normalWord } from '../transcripts/normal-word.ts';

// A word at a segment's edge is placed badly, sometimes by its whole length; two hearings of it are never further apart.
const TOLERANCE_SECONDS = 1;

/** The middle of a word, in seconds: steadier than its borders. */
export function middleOf(word: Word): number {
  return (word.startSeconds + word.endSeconds) / 2;
}

/**
 * Pairs of indices into `before` and `after` that are the same word heard twice, both rising: as many as there can be
 * (longest common subsequence), and of those the closest in time.
 */
export function alignWords(before: readonly Word[], after: readonly Word[]): [number, number][] {
  const best = before.map(() => new Array<number>(after.length + 1).fill(0));
  best.push(new Array<number>(after.length + 1).fill(0));
  const normalBefore = before.map((word) => normalWord(word.text));
  const normalAfter = after.map((word) => normalWord(word.text));
  const worth = (i: number, j: number): number => {
    if (normalBefore[i] !== normalAfter[j]) return 0;
    const apart = Math.abs(middleOf(before[i]!) - middleOf(after[j]!));
    // One more pair is worth more than all closeness together
    return apart > TOLERANCE_SECONDS ? 0 : 1 + (1 - apart / TOLERANCE_SECONDS) / (before.length + 1);
  };
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      const paired = worth(i, j);
      const together = paired === 0 ? 0 : paired + best[i + 1]![j + 1]!;
      best[i]![j] = Math.max(best[i + 1]![j]!, best[i]![j + 1]!, together);
    }
  }
  const pairs: [number, number][] = [];
  for (let i = 0, j = 0; i < before.length && j < after.length; ) {
    const paired = worth(i, j);
    if (paired > 0 && best[i]![j] === paired + best[i + 1]![j + 1]!) pairs.push([i++, j++]);
    else if (best[i]![j] === best[i + 1]![j]) i++;
    else j++;
  }
  return pairs;
}
