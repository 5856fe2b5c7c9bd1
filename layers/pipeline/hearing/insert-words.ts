import type { Word } from '../contract/transcript.ts';
import { normalWord } from '../transcripts/normal-word.ts';
import type { Span } from '../transcripts/span.ts';

/**
 * Words with `found` put where they were said. The second look reaches a little beyond the gap, so what its ends have in
 * common with the words around it is left out. Times never go back.
 */
export function insertWords(words: readonly Word[], found: readonly Word[], gap: Span): Word[] {
  const place = words.findIndex(
    (word) => word.startSeconds >= gap.endSeconds || word.endSeconds > gap.startSeconds,
  );
  const index = place === -1 ? words.length : place;
  const before = words.slice(0, index);
  const after = words.slice(index);
  const fresh = found.slice(sharedWords(before, found));
  const kept = fresh.slice(0, fresh.length - sharedWords(fresh, after));
  return inOrder([...before, ...kept, ...after]);
}

/** How many of the last words of `left` are the first of `right`, whatever their case and punctuation. */
function sharedWords(left: readonly Word[], right: readonly Word[]): number {
  for (let count = Math.min(left.length, right.length); count > 0; count--) {
    const tail = left.slice(left.length - count).map((word) => normalWord(word.text));
    if (tail.every((text, index) => text === normalWord(right[index]!.text))) return count;
  }
  return 0;
}

function inOrder(words: readonly Word[]): Word[] {
  let latestSeconds = 0;
  return words.map((word) => {
    const startSeconds = Math.max(word.startSeconds, latestSeconds);
    latestSeconds = Math.max(word.endSeconds, startSeconds);
    return { ...word, startSeconds, endSeconds: latestSeconds };
  });
}
