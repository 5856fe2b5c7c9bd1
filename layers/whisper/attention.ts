/** Attention of the alignment heads to one segment's audio: one row per step, (steps, heads, positions) float32. */
export interface Attention {
  readonly data: Float32Array;
  readonly steps: number;
  readonly heads: number;
  readonly positions: number;
}

/** Width of the median filter over time, in positions (openai/whisper, timing.py). */
const FILTER_WIDTH = 7;

/**
 * How well each step fits each position, (steps, positions) row-major: attention as a share of what falls on the audio,
 * standardised over the steps, smoothed over time, averaged over heads. As openai/whisper's find_alignment.
 */
export function alignmentScores({ data, steps, heads, positions }: Attention): Float32Array {
  const scores = new Float32Array(steps * positions);
  const weights = new Float32Array(steps * positions);
  const smooth = new Float32Array(positions);
  for (let head = 0; head < heads; head++) {
    for (let step = 0; step < steps; step++) {
      const from = (step * heads + head) * positions;
      const row = weights.subarray(step * positions, (step + 1) * positions);
      row.set(data.subarray(from, from + positions));
      normalise(row);
    }
    standardise(weights, steps, positions);
    for (let step = 0; step < steps; step++) {
      medianFilter(weights.subarray(step * positions, (step + 1) * positions), smooth);
      const to = step * positions;
      for (let i = 0; i < positions; i++) scores[to + i]! += smooth[i]! / heads;
    }
  }
  return scores;
}

/** The graph's softmax also ran over the silence after the audio; over the audio alone the sum is 1 again. */
function normalise(row: Float32Array): void {
  let sum = 0;
  for (let i = 0; i < row.length; i++) sum += row[i]!;
  if (sum <= 0) return;
  for (let i = 0; i < row.length; i++) row[i]! /= sum;
}

/** Mean 0 and deviation 1 of every column, in place. Row by row, for the columns lie far apart in memory. */
function standardise(weights: Float32Array, steps: number, positions: number): void {
  const means = new Float64Array(positions);
  const squares = new Float64Array(positions);
  for (let at = 0, column = 0; at < weights.length; at++, column++) {
    if (column === positions) column = 0;
    means[column]! += weights[at]! / steps;
  }
  for (let at = 0, column = 0; at < weights.length; at++, column++) {
    if (column === positions) column = 0;
    const difference = weights[at]! - means[column]!;
    squares[column]! += difference * difference;
  }
  const scales = squares.map((sum) => (sum > 0 ? 1 / Math.sqrt(sum / steps) : 0));
  for (let at = 0, column = 0; at < weights.length; at++, column++) {
    if (column === positions) column = 0;
    weights[at] = (weights[at]! - means[column]!) * scales[column]!;
  }
}

/** Median of each value and its three neighbours on both sides, mirrored at the ends; a sorted window slides along. */
export function medianFilter(values: Float32Array, out: Float32Array): void {
  const half = FILTER_WIDTH >> 1;
  const length = values.length;
  if (length <= half) {
    out.set(values);
    return;
  }
  const mirrored = (i: number) => values[i < 0 ? -i : i >= length ? 2 * (length - 1) - i : i]!;
  const sorted = new Float32Array(FILTER_WIDTH);
  for (let i = 0; i < FILTER_WIDTH; i++) sorted[i] = mirrored(i - half);
  sorted.sort();
  out[0] = sorted[half]!;
  for (let i = 1; i < length; i++) {
    const inside = i > half && i + half < length;
    const leaving = inside ? values[i - half - 1]! : mirrored(i - half - 1);
    const entering = inside ? values[i + half]! : mirrored(i + half);
    if (leaving !== entering) replace(sorted, leaving, entering);
    out[i] = sorted[half]!;
  }
}

/** Takes one value out of a sorted window and puts another in. */
function replace(sorted: Float32Array, leaving: number, entering: number): void {
  let at = 0;
  while (at < sorted.length - 1 && sorted[at] !== leaving) at++;
  for (; at > 0 && sorted[at - 1]! > entering; at--) sorted[at] = sorted[at - 1]!;
  for (; at < sorted.length - 1 && sorted[at + 1]! < entering; at++) sorted[at] = sorted[at + 1]!;
  sorted[at] = entering;
}
