import { normalWord } from '../transcripts/normal-word.ts';

// People say up to 8 words a second, and write up to 12 characters a second where a script has no spaces
const PIECES_PER_SECOND = { spaced: 8, unspaced: 12 };

/** So many equal pieces in a row are no accident, even behind a piece that was heard differently. */
const SURE_PIECES = 3;

/** Of so many pieces one may have been heard differently. */
const PIECES_PER_MISHEARING = 4;

interface Piece {
  readonly normal: string;
  /** Where it ends in the text. */
  readonly end: number;
}

/**
 * Two texts without word times, whose audio overlaps, without what both say at the seam: the longest end of `before`
 * that begins `after`. A word that the cut went through, at either edge, goes too where the other text has it whole.
 */
export function mergeOverlapText(
  before: string,
  after: string,
  overlapSeconds: number,
  spacing: 'spaced' | 'unspaced',
): [string, string] {
  const limit = Math.ceil(overlapSeconds * PIECES_PER_SECOND[spacing]) + 1;
  const ends = piecesOf(before, spacing).slice(-limit);
  const begins = piecesOf(after, spacing).slice(0, limit);
  // One equal character is chance; one equal word is not
  const least = spacing === 'spaced' ? 1 : 2;
  for (let length = Math.min(ends.length, begins.length); length >= least; length--) {
    for (const [cutBefore, cutAfter] of [
      [0, 0],
      [1, 0],
      [0, 1],
      [1, 1],
    ] as const) {
      const from = ends.length - cutBefore - length;
      if (from < 0 || cutAfter + length > begins.length) continue;
      const equal = begins
        .slice(cutAfter, cutAfter + length)
        .filter((piece, index) => piece.normal === ends[from + index]!.normal).length;
      if (length - equal > Math.floor(length / PIECES_PER_MISHEARING)) continue;
      const cutEnd = cutBefore === 1 ? ends.at(-1)!.normal : '';
      const cutBegin = cutAfter === 1 ? begins[0]!.normal : '';
      const isWhole =
        (begins[cutAfter + length]?.normal ?? '').startsWith(cutEnd) &&
        (cutBegin === '' || (ends[from - 1]?.normal ?? '').endsWith(cutBegin));
      if (length < SURE_PIECES && !isWhole) continue;
      const last = ends[ends.length - 1 - cutBefore]!;
      return [before.slice(0, last.end), after.slice(begins[cutAfter + length - 1]!.end)];
    }
  }
  return [before, after];
}

function piecesOf(text: string, spacing: 'spaced' | 'unspaced'): Piece[] {
  return [...text.matchAll(spacing === 'spaced' ? /\S+/gu : /\S/gu)]
    .map((found) => ({ normal: normalWord(found[0]), end: found.index + found[0].length }))
    .filter((piece) => piece.normal !== '');
}
