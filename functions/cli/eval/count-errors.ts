/** What it takes to make one sequence out of another. */
export interface ErrorCounts {
  readonly substitutions: number;
  /** Left out of what was heard. */
  readonly deletions: number;
  /** Heard, but not said. */
  readonly insertions: number;
}

/**
 * The fewest errors between what was said and what was heard, by Levenshtein. Takes time for the errors, not for the
 * length: an hour of speech with few of them is compared at once.
 */
export function countErrors(said: readonly string[], heard: readonly string[]): ErrorCounts {
  const ids = new Map<string, number>();
  const idOf = (item: string) => ids.get(item) ?? (ids.set(item, ids.size), ids.size - 1);
  const from = Int32Array.from(said, idOf);
  const to = Int32Array.from(heard, idOf);
  // Ukkonen: where the distance is at most the half width, cells further from the diagonal cannot matter
  for (let width = 16 + Math.abs(from.length - to.length); ; width *= 2) {
    const found = countWithin(from, to, width);
    if (found !== undefined) return found;
  }
}

/** Undefined where there are more than `width` errors. */
function countWithin(from: Int32Array, to: Int32Array, width: number): ErrorCounts | undefined {
  const far = from.length + to.length + 1;
  let costs = new Int32Array(to.length + 1).fill(far);
  // Insertions on the cheapest way; the rest follows from it and the lengths
  let insertions = new Int32Array(to.length + 1);
  for (let column = 0; column <= Math.min(width, to.length); column++) {
    costs[column] = column;
    insertions[column] = column;
  }
  let nextCosts = new Int32Array(to.length + 1);
  let nextInsertions = new Int32Array(to.length + 1);
  for (let row = 1; row <= from.length; row++) {
    const first = Math.max(0, row - width);
    const last = Math.min(to.length, row + width);
    if (first > 0) nextCosts[first - 1] = far;
    for (let column = first; column <= last; column++) {
      let cost = costs[column]! + 1;
      let inserted = insertions[column]!;
      if (column > 0) {
        const across = costs[column - 1]! + (from[row - 1] === to[column - 1] ? 0 : 1);
        if (across <= cost) {
          cost = across;
          inserted = insertions[column - 1]!;
        }
        const along = nextCosts[column - 1]! + 1;
        if (along < cost) {
          cost = along;
          inserted = nextInsertions[column - 1]! + 1;
        }
      }
      nextCosts[column] = cost;
      nextInsertions[column] = inserted;
    }
    if (last < to.length) nextCosts[last + 1] = far;
    [costs, nextCosts] = [nextCosts, costs];
    [insertions, nextInsertions] = [nextInsertions, insertions];
  }
  const errors = costs[to.length]!;
  if (errors > width) return undefined;
  const inserted = insertions[to.length]!;
  const deletions = from.length - to.length + inserted;
  return { substitutions: errors - inserted - deletions, deletions, insertions: inserted };
}
