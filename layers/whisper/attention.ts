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
      weights.set(normalised(data.subarray(from, from + positions)), step * positions);
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
function normalised(row: Float32Array): Float32Array {
  let sum = 0;
  for (const weight of row) sum += weight;
  return sum > 0 ? row.map((weight) => weight / sum) : row;
}

/** Mean 0 and deviation 1 of every column, in place. */
function standardise(weights: Float32Array, steps: number, positions: number): void {
  for (let column = 0; column < positions; column++) {
    let sum = 0;
    let squares = 0;
    for (let at = column; at < weights.length; at += positions) sum += weights[at]!;
    const mean = sum / steps;
    for (let at = column; at < weights.length; at += positions) squares += (weights[at]! - mean) ** 2;
    const deviation = Math.sqrt(squares / steps);
    for (let at = column; at < weights.length; at += positions) {
      weights[at] = deviation > 0 ? (weights[at]! - mean) / deviation : 0;
    }
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
    replace(sorted, mirrored(i - half - 1), mirrored(i + half));
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
