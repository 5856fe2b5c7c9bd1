import type { TextChange } from './text-edit.ts';

/** A word, or the text of a segment without word times, at its place in the text of a whole channel. */
export interface Piece {
  /** Where it stood before any change. */
  readonly start: number;
  readonly length: number;
  readonly segmentIndex: number;
  text: string;
  endSeconds: number;
  /** Sum over the words that were merged into this one. */
  probabilitySum: number;
  probabilityCount: number;
}

/**
 * Makes the changes in place. Pieces that one change spans become one, with the time of all; pieces in other segments
 * lose what was matched of them, and the replacement stands in the first. What is used up has an empty text.
 */
export function changePieces(pieces: readonly Piece[], changes: readonly TextChange[]): Set<number> {
  const changed = new Set<number>();
  // From the end, so that places before a change stay what they were
  for (const { start, end, replacement } of changes.toReversed()) {
    const firstIndex = firstEndingAfter(pieces, start);
    const first = pieces[firstIndex];
    // Only the gap between two segments was matched
    if (first === undefined || first.start >= end) continue;
    const head = first.text.slice(0, Math.max(0, start - first.start));
    let tail = end <= first.start + first.length ? first.text.slice(end - first.start) : '';
    for (let index = firstIndex + 1; index < pieces.length && pieces[index]!.start < end; index++) {
      const piece = pieces[index]!;
      const rest = piece.text.slice(Math.min(end - piece.start, piece.length));
      changed.add(piece.segmentIndex);
      if (piece.segmentIndex === first.segmentIndex) {
        first.endSeconds = Math.max(first.endSeconds, piece.endSeconds);
        first.probabilitySum += piece.probabilitySum;
        first.probabilityCount += piece.probabilityCount;
      } else if (/[\p{L}\p{N}]/u.test(rest)) {
        piece.text = rest;
        continue;
      }
      piece.text = '';
      tail += rest;
    }
    first.text = head + replacement + tail;
    changed.add(first.segmentIndex);
  }
  return changed;
}

/** Index of the first piece that ends behind `place`; they are in order. */
function firstEndingAfter(pieces: readonly Piece[], place: number): number {
  let low = 0;
  let high = pieces.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (pieces[middle]!.start + pieces[middle]!.length > place) high = middle;
    else low = middle + 1;
  }
  return low;
}
