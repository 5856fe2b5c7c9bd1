import type { TimedSpan } from './evaluate-segments.ts';

/** A batch whose transcript has come. */
export interface ArrivedBatch {
  /** Of the recording. */
  readonly endSeconds: number;
  /** Since the work began. */
  readonly atSeconds: number;
}

/**
 * How long each batch took. Of `atOnce` that are worked on side by side, several come at the same moment: so each has
 * the speed of all that were under way with it.
 */
export function timeBatches(batches: readonly ArrivedBatch[], atOnce: number): TimedSpan[] {
  const endOf = (index: number) => batches[index]?.endSeconds ?? 0;
  const timeOf = (index: number) => batches[index]?.atSeconds ?? 0;
  return batches.map((_, index) => {
    const before = Math.max(-1, index - atOnce);
    const last = Math.min(batches.length - 1, index + atOnce - 1);
    const share = (endOf(index) - endOf(index - 1)) / Math.max(1e-9, endOf(last) - endOf(before));
    return {
      startSeconds: endOf(index - 1),
      endSeconds: endOf(index),
      seconds: (timeOf(last) - timeOf(before)) * share,
    };
  });
}
