import type { Word } from '../contract/transcript.ts';
import { fillLines, lineText } from './break-lines.ts';
import type { CaptionRules } from './caption.ts';
import { endOf } from './sentence-end.ts';

// What a break or a shape costs, in captions: one more caption costs 1. Chosen by reading captions of real talks.
const price = {
  caption: 1,
  sentenceInside: 2,
  endsInClause: 0.6,
  endsAnywhere: 2,
  tooShort: 1.5,
  uneven: 1,
};

/**
 * Groups words, in order of time, into captions: sentences and pauses first, then clauses, then even sizes.
 * Every word is in exactly one group. The cheapest grouping of all, found by dynamic programming.
 */
export function groupWords(words: readonly Word[], rules: CaptionRules): Word[][] {
  const cheapest: number[] = [0];
  const startOfGroup: number[] = [0];
  for (let end = 1; end <= words.length; end++) {
    cheapest[end] = Number.POSITIVE_INFINITY;
    // One word alone is always allowed, however long; once a group is too large, so are all longer ones.
    for (let start = end - 1; start >= 0; start--) {
      if (start < end - 1 && !fits(words, start, end, rules)) break;
      const cost = cheapest[start]! + groupCost(words, start, end, rules);
      if (cost < cheapest[end]!) {
        cheapest[end] = cost;
        startOfGroup[end] = start;
      }
    }
  }
  const groups: Word[][] = [];
  for (let end = words.length; end > 0; end = startOfGroup[end]!) {
    groups.push(words.slice(startOfGroup[end]!, end));
  }
  return groups.reverse();
}

function fits(words: readonly Word[], start: number, end: number, rules: CaptionRules): boolean {
  if (words[end - 1]!.endSeconds - words[start]!.startSeconds > rules.maxSeconds) return false;
  if (words[start + 1]!.startSeconds - words[start]!.endSeconds >= rules.pauseSeconds) return false;
  return fillLines(words.slice(start, end), rules.maxLineCharacters).length <= rules.maxLines;
}

function groupCost(words: readonly Word[], start: number, end: number, rules: CaptionRules): number {
  let cost = price.caption;
  for (let index = start; index < end - 1; index++) {
    if (endOf(words[index]!.text, words[index + 1]!.text) === 'sentence') cost += price.sentenceInside;
  }
  const next = words[end];
  if (next !== undefined) {
    const last = words[end - 1]!;
    const close = endOf(last.text, next.text);
    const pause = Math.min(1, (next.startSeconds - last.endSeconds) / rules.pauseSeconds);
    if (close === 'clause') cost += price.endsInClause * (1 - pause);
    if (close === 'none') cost += price.endsAnywhere * (1 - pause);
    const shownSeconds = next.startSeconds - words[start]!.startSeconds;
    if (shownSeconds < rules.minSeconds) cost += price.tooShort * (1 - shownSeconds / rules.minSeconds);
  }
  const room = rules.maxLineCharacters * rules.maxLines;
  const used = Math.min(1, [...lineText(words.slice(start, end))].length / room);
  return cost + price.uneven * (1 - used) ** 2;
}
