import { countErrors, type Reach } from './count-errors.ts';

/** The way back needs memory for the square of the errors: here some 130 MB. */
const MOST_ERRORS = 4000;

/** Where the errors of a transcript are, by place in `heard`, and one behind its end. */
export interface LocatedErrors {
  readonly errors: Int32Array;
  /** Items of `said` that belong there. */
  readonly said: Int32Array;
}

/** One of the shortest ways to make `heard` of `said`; undefined where that takes more than 4,000 errors. */
export function locateErrors(said: readonly string[], heard: readonly string[]): LocatedErrors | undefined {
  const reaches: Reach[] = [];
  countErrors(said, heard, (reach) => {
    if (reaches.length <= MOST_ERRORS) reaches.push(reach);
  });
  let diagonal = heard.length - said.length;
  let row = said.length;
  if (reaches.at(-1)!(diagonal) !== row) return undefined;
  const located = { errors: new Int32Array(heard.length + 1), said: new Int32Array(heard.length + 1) };
  for (let errors = reaches.length - 1; errors >= 0; errors--) {
    const before = reaches[errors - 1];
    const across = before === undefined ? 0 : before(diagonal) + 1;
    const down = before === undefined ? -1 : before(diagonal + 1) + 1;
    const along = before === undefined ? -1 : before(diagonal - 1);
    const start = Math.max(across, down, along);
    for (; row > start; row--) located.said[row - 1 + diagonal]!++;
    if (before === undefined) break;
    // In the order of countErrors, so that it is the same way
    if (start === across) {
      row--;
      located.errors[row + diagonal]!++;
      located.said[row + diagonal]!++;
    } else if (start === down) {
      row--;
      diagonal++;
      located.errors[row + diagonal]!++;
      located.said[row + diagonal]!++;
    } else {
      diagonal--;
      located.errors[row + diagonal]!++;
    }
  }
  return located;
}
