/** What it takes to make one sequence out of another. */
export interface ErrorCounts {
  readonly substitutions: number;
  /** Said, but not heard. */
  readonly deletions: number;
  /** Heard, but not said. */
  readonly insertions: number;
}

/** How far in `said` some errors lead, by diagonal: the place in `heard` less that in `said`. */
export type Reach = (diagonal: number) => number;

/** Not reached yet. */
const NOWHERE = -2;

/**
 * The fewest errors between what was said and what was heard (Levenshtein). Which are of which kind is one of several
 * ways that are as short; their sum is the same for all. Takes time for the errors, not for the length (Landau and
 * Vishkin, "Fast parallel and serial approximate string matching", 1989), so that hours are compared at once.
 * `onErrors` is told how far 0, 1, 2, … errors lead.
 */
export function countErrors(
  said: readonly string[],
  heard: readonly string[],
  onErrors?: (reach: Reach) => void,
): ErrorCounts {
  const ids = new Map<string, number>();
  for (const item of [...said, ...heard]) if (!ids.has(item)) ids.set(item, ids.size);
  const from = Int32Array.from(said, (item) => ids.get(item)!);
  const to = Int32Array.from(heard, (item) => ids.get(item)!);
  const goal = to.length - from.length;

  // By diagonal (place in `to` less place in `from`): how far in `from` this many errors lead, one room at each end
  const base = from.length + 1;
  const size = from.length + to.length + 3;
  let rows = new Int32Array(size).fill(NOWHERE);
  let nextRows = new Int32Array(size).fill(NOWHERE);
  // Insertions on the way there; the other kinds follow from them and the lengths
  let insertions = new Int32Array(size);
  let nextInsertions = new Int32Array(size);

  for (let errors = 0; ; errors++) {
    const lowest = Math.max(-from.length, -errors);
    const highest = Math.min(to.length, errors);
    for (let diagonal = lowest; diagonal <= highest; diagonal++) {
      const at = base + diagonal;
      let row = errors === 0 ? 0 : rows[at]! + 1;
      let inserted = insertions[at]!;
      if (rows[at + 1]! + 1 > row) {
        row = rows[at + 1]! + 1;
        inserted = insertions[at + 1]!;
      }
      if (rows[at - 1]! > row) {
        row = rows[at - 1]!;
        inserted = insertions[at - 1]! + 1;
      }
      row = Math.min(row, from.length, to.length - diagonal);
      if (row >= 0) {
        while (row < from.length && row + diagonal < to.length && from[row] === to[row + diagonal]) row++;
      }
      nextRows[at] = row;
      nextInsertions[at] = inserted;
    }
    [rows, nextRows] = [nextRows, rows];
    [insertions, nextInsertions] = [nextInsertions, insertions];
    if (onErrors !== undefined) {
      const kept = rows.slice(base + lowest, base + highest + 1);
      onErrors((diagonal) => kept[diagonal - lowest] ?? NOWHERE);
    }
    if (rows[base + goal] !== from.length) continue;
    const inserted = insertions[base + goal]!;
    const deletions = inserted - goal;
    return { substitutions: errors - inserted - deletions, deletions, insertions: inserted };
  }
}
