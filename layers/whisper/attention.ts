import { medianFilter } from './median-filter.ts';

/** Attention of the alignment heads to one segment's audio: one row per step, (steps, heads, positions) float32. */
export interface AttentionWeights {
  readonly kind: 'weights';
  readonly data: Float32Array;
  readonly steps: number;
  readonly heads: number;
  readonly positions: number;
}

/** How well each step fits each position, (steps, positions), on any scale. */
export interface AttentionScores {
  readonly kind: 'scores';
  readonly data: Float32Array;
  readonly steps: number;
  readonly positions: number;
}

/** Graphs for CUDA make scores of weights themselves: models/graph_alignment.py. */
export type Attention = AttentionWeights | AttentionScores;

/**
 * Scores are compared seven at a time, millions of times: on integers that needs no branch and is three times as fast.
 * 16 bits after the point are far below what an attention weight means.
 */
const FIXED_POINT = 65_536;

/**
 * How well each step fits each position, (steps, positions) row-major: attention as a share of what falls on the audio,
 * standardised over the steps, smoothed over time, averaged over heads. As openai/whisper's find_alignment.
 */
export function alignmentScores(attention: Attention): Float32Array {
  if (attention.kind === 'scores') return attention.data;
  const { data, steps, heads, positions } = attention;
  const scores = new Float32Array(steps * positions);
  const weights = new Float32Array(steps * positions);
  const standard = new Int32Array(steps * positions);
  const smooth = new Int32Array(positions);
  const share = 1 / (FIXED_POINT * heads);
  for (let head = 0; head < heads; head++) {
    for (let step = 0; step < steps; step++) {
      const from = (step * heads + head) * positions;
      const row = weights.subarray(step * positions, (step + 1) * positions);
      row.set(data.subarray(from, from + positions));
      normalise(row);
    }
    standardise(weights, standard, positions);
    for (let to = 0; to < scores.length; to += positions) {
      medianFilter(standard.subarray(to, to + positions), smooth);
      for (let i = 0; i < positions; i++) scores[to + i]! += smooth[i]! * share;
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

/** Mean 0 and deviation 1 of every column, as fixed point. Row by row, for the columns lie far apart in memory. */
function standardise(weights: Float32Array, out: Int32Array, positions: number): void {
  const steps = weights.length / positions;
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
  const scales = squares.map((sum) => (sum > 0 ? FIXED_POINT / Math.sqrt(sum / steps) : 0));
  for (let at = 0, column = 0; at < weights.length; at++, column++) {
    if (column === positions) column = 0;
    out[at] = (weights[at]! - means[column]!) * scales[column]!;
  }
}
