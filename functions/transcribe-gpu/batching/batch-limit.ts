import type { Clock } from '@murmuration/pipeline/ports';

/** What one segment more costs a device; measured at start-up by `calibrate`. */
export interface BatchCost {
  /** Undefined where memory cannot be seen. */
  readonly bytesPerSegment: number | undefined;
  readonly fixedMilliseconds: number;
  readonly millisecondsPerSegment: number;
}

export interface BatchLimitOptions {
  /** Whatever memory and time allow. */
  readonly mostSegments: number;
  /** Undefined where nothing was measured: then `mostSegments` alone holds. */
  readonly cost: BatchCost | undefined;
  /** That one batch may take. */
  readonly latencyTargetMilliseconds: number;
  /** After running out of memory, the limit doubles each time that so much time went well. */
  readonly recoverMilliseconds: number;
  /** Sessions side by side on one GPU, each with a limit of its own. @default 1 */
  readonly sharedBy?: number;
}

/** How many segments one device may take at once, now. */
export interface BatchLimit {
  current(): number;
  /** As the memory probe sees it. */
  freeBytes(bytes: number): void;
  /** A batch went well: its memory stays in the device's arena and can be used again. */
  fitted(segments: number): void;
  outOfMemory(segments: number): void;
}

/** Other programs, longer texts than those measured, and an arena that grows in steps. */
const USABLE_SHARE_OF_FREE = 0.8;

export function createBatchLimit(options: BatchLimitOptions, now: Clock = Date.now): BatchLimit {
  const { mostSegments, cost, latencyTargetMilliseconds, recoverMilliseconds, sharedBy = 1 } = options;
  // Measured alone: beside others a batch takes as much longer
  const inTime =
    cost === undefined ? mostSegments : segmentsInTime(cost, latencyTargetMilliseconds / sharedBy);
  let free: number | undefined;
  let held = 0;
  let lowered: { readonly to: number; readonly at: number } | undefined;

  const inMemory = () =>
    free === undefined || cost?.bytesPerSegment === undefined
      ? mostSegments
      : held + Math.floor((free * USABLE_SHARE_OF_FREE) / sharedBy / cost.bytesPerSegment);
  const recovered = () => {
    if (lowered === undefined) return mostSegments;
    return lowered.to * 2 ** Math.floor(Math.max(0, now() - lowered.at) / recoverMilliseconds);
  };

  return {
    current: () => Math.max(1, Math.min(mostSegments, inTime, inMemory(), recovered())),
    freeBytes(bytes) {
      free = bytes;
    },
    fitted(segments) {
      held = Math.max(held, segments);
    },
    outOfMemory(segments) {
      const half = Math.max(1, Math.floor(segments / 2));
      lowered = { to: half, at: now() };
      // What fitted before does not any more
      held = Math.min(held, half);
    },
  };
}

function segmentsInTime({ fixedMilliseconds, millisecondsPerSegment }: BatchCost, target: number): number {
  if (millisecondsPerSegment <= 0) return Number.POSITIVE_INFINITY;
  return Math.floor((target - fixedMilliseconds) / millisecondsPerSegment);
}
