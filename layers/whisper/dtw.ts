/** A path through a matrix: which row meets which column, step by step. */
export interface WarpingPath {
  readonly rows: Int32Array;
  readonly columns: Int32Array;
}

const DIAGONAL = 0;
const DOWN = 1;
const RIGHT = 2;

/**
 * Dynamic time warping: the cheapest monotonic path from the first cell to the last one of `cost`, (rows, columns) row-major.
 * The recurrence is that of openai/whisper's timing.py; a tie of diagonal and down, which it answers with right, goes diagonal.
 */
export function warp(cost: Float32Array, rows: number, columns: number): WarpingPath {
  const moves = new Uint8Array(rows * columns);
  // Two lines of the running total are enough; the moves are all that the way back needs
  let above = new Float32Array(columns + 1).fill(Number.POSITIVE_INFINITY);
  let line = new Float32Array(columns + 1);
  above[0] = 0;
  for (let row = 0; row < rows; row++) {
    line[0] = Number.POSITIVE_INFINITY;
    const start = row * columns;
    for (let column = 0; column < columns; column++) {
      const diagonal = above[column]!;
      const down = above[column + 1]!;
      const right = line[column]!;
      let best = right;
      let move = RIGHT;
      if (diagonal <= down && diagonal < right) {
        best = diagonal;
        move = DIAGONAL;
      } else if (down < diagonal && down < right) {
        best = down;
        move = DOWN;
      }
      line[column + 1] = cost[start + column]! + best;
      moves[start + column] = move;
    }
    [above, line] = [line, above];
  }
  return walkBack(moves, rows, columns);
}

function walkBack(moves: Uint8Array, rows: number, columns: number): WarpingPath {
  const pathRows = new Int32Array(rows + columns);
  const pathColumns = new Int32Array(rows + columns);
  let at = rows + columns;
  let row = rows - 1;
  let column = columns - 1;
  while (row >= 0 && column >= 0) {
    at--;
    pathRows[at] = row;
    pathColumns[at] = column;
    // On the first row and column there is one way only
    const move = row === 0 ? RIGHT : column === 0 ? DOWN : moves[row * columns + column]!;
    if (move !== RIGHT) row--;
    if (move !== DOWN) column--;
  }
  return { rows: pathRows.subarray(at), columns: pathColumns.subarray(at) };
}
