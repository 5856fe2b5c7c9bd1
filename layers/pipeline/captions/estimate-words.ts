import type { SegmentTranscript, Word } from '../contract/transcript.ts';

const unspacedScript =
  /[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Thai}\p{scx=Laoo}\p{scx=Mymr}\p{scx=Khmr}]/u;
const segmenter = new Intl.Segmenter(undefined, { granularity: 'word' });

/** The words of a segment that has none, spread over its time by their length: good enough to divide it, no more. */
export function estimateWords({ text, startSeconds, endSeconds }: SegmentTranscript): Word[] {
  const pieces = text
    .trim()
    .split(/(?=\s)/u)
    .flatMap((piece) => (unspacedScript.test(piece) ? unspacedWords(piece) : [piece]));
  const characters = pieces.reduce((sum, piece) => sum + piece.length, 0);
  let before = 0;
  return pieces.map((piece) => {
    const at = (count: number) => startSeconds + ((endSeconds - startSeconds) * count) / characters;
    const start = at(before);
    before += piece.length;
    return { text: piece, startSeconds: start, endSeconds: at(before), probability: 1 };
  });
}

/** Punctuation stays with the word before it: a line must not begin with a full stop. */
function unspacedWords(text: string): string[] {
  const words: string[] = [];
  for (const { segment, isWordLike } of segmenter.segment(text)) {
    if (isWordLike || words.length === 0) words.push(segment);
    else words.push(`${words.pop()}${segment}`);
  }
  return words;
}
