import type { Word } from '../contract/transcript.ts';
import { alignWords, middleOf } from './align-words.ts';

/**
 * The words of an overlap, each once, in order: before `seamSeconds` as the earlier segment heard them, after it as
 * the later one did, so that no word comes from a segment's edge. A word that one side alone heard stays, unless the
 * other side's word stands at its time.
 */
export function keepOnce(before: readonly Word[], after: readonly Word[], seamSeconds: number): Word[] {
  const kept: Word[] = [];
  let nextBefore = 0;
  let nextAfter = 0;
  for (const [i, j] of alignWords(before, after)) {
    kept.push(...keepRivals(before.slice(nextBefore, i), after.slice(nextAfter, j), seamSeconds));
    const earlier = before[i]!;
    const later = after[j]!;
    kept.push((middleOf(earlier) + middleOf(later)) / 2 < seamSeconds ? earlier : later);
    nextBefore = i + 1;
    nextAfter = j + 1;
  }
  kept.push(...keepRivals(before.slice(nextBefore), after.slice(nextAfter), seamSeconds));
  return kept;
}

/** Of words that were heard differently: those of the side that is further from its edge, and what fits between. */
function keepRivals(before: readonly Word[], after: readonly Word[], seamSeconds: number): Word[] {
  if (before.length === 0 || after.length === 0) return [...before, ...after];
  const isEarly = (word: Word) => middleOf(word) < seamSeconds;
  const kept = [...before.filter(isEarly), ...after.filter((word) => !isEarly(word))];
  for (const [others, own] of [
    [before.filter((word) => !isEarly(word)), after],
    [after.filter(isEarly), before],
  ] as const) {
    // Words of one segment never rival each other: that is how it heard them
    const rivals = kept.filter((word) => own.includes(word));
    kept.push(...others.filter((word) => !rivals.some((rival) => isSameTime(word, rival))));
  }
  return kept.sort((a, b) => middleOf(a) - middleOf(b));
}

function isSameTime(a: Word, b: Word): boolean {
  const holds = (word: Word, seconds: number) => word.startSeconds <= seconds && seconds <= word.endSeconds;
  return holds(a, middleOf(b)) || holds(b, middleOf(a));
}
