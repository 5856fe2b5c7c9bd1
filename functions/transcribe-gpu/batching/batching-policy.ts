/** How segments of concurrent requests become batches. */
export interface BatchingPolicy {
  /** So long a device that is free waits for more segments. */
  readonly gatherMilliseconds: number;
  /** Of a batch's samples, 0 to 1. */
  readonly mostPadding: number;
  /** Halvings after running out of memory before a segment is given up. */
  readonly halvings: number;
  /** On one device; while one is computed, the next one is prepared. */
  readonly batchesAtOnce: number;
  /** A device that has work and ends none of it for so long hangs. */
  readonly stallMilliseconds: number;
}

export const defaultPolicy = {
  gatherMilliseconds: 5,
  // Half a batch of 2 s segments beside one of 30 s is turned down, ordinary speech of 15 to 28 s is not
  mostPadding: 0.5,
  halvings: 3,
  batchesAtOnce: 2,
  // A GPU takes a second, and half a minute where it first loads a model of the ladder; a processor takes longer
  stallMilliseconds: 300_000,
} as const satisfies BatchingPolicy;
