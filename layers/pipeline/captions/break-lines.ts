/** Anything that is set as one unbreakable piece of a line; its text brings its own leading space. */
export interface Piece {
  readonly text: string;
}

/** The text of a line as shown: pieces joined, no space at either end. */
export function lineText(pieces: readonly Piece[]): string {
  return pieces
    .map((piece) => piece.text)
    .join('')
    .trim();
}

/** Fills each line as far as it goes: the least number of lines. A piece that is too long stands alone. */
export function fillLines<P extends Piece>(pieces: readonly P[], maxCharacters: number): P[][] {
  const lines: P[][] = [];
  let used = 0;
  for (const piece of pieces) {
    const line = lines.at(-1);
    const added = [...piece.text].length;
    if (line !== undefined && used + added <= maxCharacters) {
      line.push(piece);
      used += added;
    } else {
      lines.push([piece]);
      used = [...piece.text.trimStart()].length;
    }
  }
  return lines;
}

/** Breaks pieces into the least number of lines, then makes these as even as they can be. */
export function breakLines<P extends Piece>(pieces: readonly P[], maxCharacters: number): P[][] {
  const least = fillLines(pieces, maxCharacters);
  const total = [...lineText(pieces)].length;
  for (let width = Math.ceil(total / Math.max(1, least.length)); width < maxCharacters; width++) {
    const lines = fillLines(pieces, width);
    if (lines.length === least.length) return lines;
  }
  return least;
}
