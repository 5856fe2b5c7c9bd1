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

/**
 * Fills each line as far as it goes: the least number of lines. A piece that is too long stands alone.
 * @param indent characters of the first line that are taken
 */
export function fillLines<P extends Piece>(pieces: readonly P[], maxCharacters: number, indent = 0): P[][] {
  const lines: P[][] = [];
  let used = 0;
  for (const piece of pieces) {
    const line = lines.at(-1);
    const added = [...piece.text].length;
    if (line !== undefined && used + added <= maxCharacters) {
      line.push(piece);
      used += added;
    } else {
      used = (line === undefined ? indent : 0) + [...piece.text.trimStart()].length;
      lines.push([piece]);
    }
  }
  return lines;
}

/** Breaks pieces into the least number of lines, then makes these as even as they can be. @param indent as `fillLines` */
export function breakLines<P extends Piece>(pieces: readonly P[], maxCharacters: number, indent = 0): P[][] {
  const least = fillLines(pieces, maxCharacters, indent);
  const total = indent + [...lineText(pieces)].length;
  for (let width = Math.ceil(total / Math.max(1, least.length)); width < maxCharacters; width++) {
    const lines = fillLines(pieces, width, indent);
    if (lines.length === least.length) return lines;
  }
  return least;
}
