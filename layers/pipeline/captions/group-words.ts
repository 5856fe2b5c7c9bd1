import type { Word } from '../contract/transcript.ts';
import type { CaptionRules } from './caption.ts';
import { endOf } from './sentence-end.ts';

// What a break or a shape costs, in captions: one more caption costs 1. Chosen by reading captions of real talks.
const price = {
  caption: 1,
  sentenceInside: 2,
  endsInClause: 0.6,
  endsAnywhere: 2,
  tooShort: 1.5,
  tooFast: 0.5,
  uneven: 1,
};

/** What is asked of each word again and again: a day of speech has 200,000 of them. */
interface Measure {
  readonly characters: number;
  /** Of its leading space, which a line does not show. */
  readonly indent: number;
  readonly close: 'sentence' | 'clause' | 'none';
  /** Of all words before it. */
  readonly charactersBefore: number;
}

/**
 * Groups words, in order of time, into captions: sentences and pauses first, then clauses, then even sizes.
 * Every word is in exactly one group. The cheapest grouping of all, found by dynamic programming.
 * @param labelCharacters taken of each caption's first line
 */
export function groupWords(words: readonly Word[], rules: CaptionRules, labelCharacters = 0): Word[][] {
  const measures = measure(words);
  const cheapest: number[] = [0];
  const startOfGroup: number[] = [0];
  for (let end = 1; end <= words.length; end++) {
    const closing = closingCost(words, measures, end, rules);
    let sentencesInside = 0;
    cheapest[end] = Number.POSITIVE_INFINITY;
    // One word alone is always allowed, however long; once a group is too large, so are all longer ones.
    for (let start = end - 1; start >= 0; start--) {
      if (start < end - 1) {
        if (!fits(words, measures, start, end, rules, labelCharacters)) break;
        if (measures[start]!.close === 'sentence') sentencesInside++;
      }
      const shape = shapeCost(words, measures, start, end, rules);
      const cost = cheapest[start]! + price.sentenceInside * sentencesInside + closing + shape;
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

function measure(words: readonly Word[]): Measure[] {
  let charactersBefore = 0;
  return words.map(({ text }, index) => {
    const characters = [...text].length;
    const indent = characters - [...text.trimStart()].length;
    const measured = { characters, indent, close: endOf(text, words[index + 1]?.text), charactersBefore };
    charactersBefore += characters;
    return measured;
  });
}

function fits(
  words: readonly Word[],
  measures: readonly Measure[],
  start: number,
  end: number,
  rules: CaptionRules,
  labelCharacters: number,
): boolean {
  if (words[end - 1]!.endSeconds - words[start]!.startSeconds > rules.maxSeconds) return false;
  if (words[start + 1]!.startSeconds - words[start]!.endSeconds >= rules.pauseSeconds) return false;
  // As fillLines does, without making the lines
  let lines = 0;
  let used = Number.POSITIVE_INFINITY;
  for (let index = start; index < end; index++) {
    const { characters, indent } = measures[index]!;
    if (used + characters <= rules.maxLineCharacters) {
      used += characters;
    } else {
      used = (index === start ? labelCharacters : 0) + characters - indent;
      if (++lines > rules.maxLines) return false;
    }
  }
  return true;
}

/** Of ending a caption before word `end`, wherever it began. */
function closingCost(
  words: readonly Word[],
  measures: readonly Measure[],
  end: number,
  rules: CaptionRules,
): number {
  const next = words[end];
  if (next === undefined) return 0;
  const { close } = measures[end - 1]!;
  const pause = Math.min(1, (next.startSeconds - words[end - 1]!.endSeconds) / rules.pauseSeconds);
  if (close === 'clause') return price.endsInClause * (1 - pause);
  return close === 'none' ? price.endsAnywhere * (1 - pause) : 0;
}

function shapeCost(
  words: readonly Word[],
  measures: readonly Measure[],
  start: number,
  end: number,
  rules: CaptionRules,
): number {
  const first = measures[start]!;
  const last = measures[end - 1]!;
  const used = last.charactersBefore + last.characters - first.charactersBefore - first.indent;
  let cost = price.caption;
  const next = words[end];
  if (next !== undefined) {
    const shownSeconds = next.startSeconds - words[start]!.startSeconds;
    if (shownSeconds < rules.minSeconds) cost += price.tooShort * (1 - shownSeconds / rules.minSeconds);
    const readSeconds = used / rules.charactersPerSecond;
    if (shownSeconds < readSeconds) cost += price.tooFast * (1 - shownSeconds / readSeconds);
  }
  const fullness = Math.min(1, used / (rules.maxLineCharacters * rules.maxLines));
  return cost + price.uneven * (1 - fullness) ** 2;
}
