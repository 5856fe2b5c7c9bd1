import type { Word } from '../contract/transcript.ts';
import { normalWord } from '../transcripts/normal-word.ts';

/** An edit weighs as much as half a second: recognition is wrong more often than word times are by that much. */
const EDITS_PER_SECOND = 2;

/**
 * The words of a new hypothesis that come after `said`, the final words that lie in the same audio: the hypothesis is
 * split where its head is most like them, in words and in the time at which it ends.
 */
export function skipSaid(hypothesis: readonly Word[], said: readonly Word[]): readonly Word[] {
  const last = said.at(-1);
  if (last === undefined) return hypothesis;
  const edits = editsByPrefix(
    hypothesis.map((word) => normalWord(word.text)),
    said.map((word) => normalWord(word.text)),
  );
  let best = { cost: Number.POSITIVE_INFINITY, length: 0 };
  for (const [length, edit] of edits.entries()) {
    const end = length === 0 ? said[0]!.startSeconds : hypothesis[length - 1]!.endSeconds;
    const cost = edit + Math.abs(end - last.endSeconds) * EDITS_PER_SECOND;
    if (cost < best.cost) best = { cost, length };
  }
  return hypothesis.slice(best.length);
}

/** For each length of a prefix of `heard`, the edits (of whole words) that make it `said`. */
function editsByPrefix(heard: readonly string[], said: readonly string[]): number[] {
  let row = said.map((_, index) => index + 1);
  const edits = [said.length];
  for (const [index, word] of heard.entries()) {
    let diagonal = index;
    let left = index + 1;
    row = row.map((above, column) => {
      left = Math.min(above + 1, left + 1, diagonal + (said[column] === word ? 0 : 1));
      diagonal = above;
      return left;
    });
    edits.push(row.at(-1)!);
  }
  return edits;
}
