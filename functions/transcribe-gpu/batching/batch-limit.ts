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
  /** After running out of memory, the limit doubles each time that so much time went well; longer where it runs out again. */
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

/** Of the first wait: 10 s become 5 minutes, so that a neighbour who stays costs little and one who goes is noticed. */
const LONGEST_WAIT = 32;

interface Lowered {
  readonly to: number;
  readonly at: number;
  /** Before the limit doubles. */
  readonly waitMilliseconds: number;
  /** Segments that did not fit; infinite once so many have. */
  readonly failed: number;
}

export function createBatchLimit(options: BatchLimitOptions, now: Clock = Date.now): BatchLimit {
  const { mostSegments, cost, latencyTargetMilliseconds, recoverMilliseconds, sharedBy = 1 } = options;
  // Measured alone: beside others a batch takes as much longer
  const inTime =
    cost === undefined ? mostSegments : segmentsInTime(cost, latencyTargetMilliseconds / sharedBy);
  /** This session's share of what is free. */
  let free: number | undefined;
  let held = 0;
  let lowered: Lowered | undefined;

  const inMemory = () =>
    free === undefined || cost?.bytesPerSegment === undefined
      ? mostSegments
      : held + Math.floor((free * USABLE_SHARE_OF_FREE) / cost.bytesPerSegment);
  const doublings = ({ at, waitMilliseconds }: Lowered) =>
    Math.floor(Math.max(0, now() - at) / waitMilliseconds);
  const recovered = () => (lowered === undefined ? mostSegments : lowered.to * 2 ** doublings(lowered));
  /** Whether more is tried than what surely fits. */
  const isTrying = (lowered: Lowered) => doublings(lowered) > 0;

  return {
    current: () => Math.max(1, Math.min(mostSegments, inTime, inMemory(), recovered())),
    freeBytes(bytes) {
      free = bytes / sharedBy;
    },
    fitted(segments) {
      const more = segments - held;
      if (more > 0) {
        held = segments;
        // What was free before this batch is not any more; the probe sees that later
        if (free !== undefined) free = Math.max(0, free - more * (cost?.bytesPerSegment ?? 0));
      }
      if (lowered !== undefined && segments >= lowered.failed && isTrying(lowered)) {
        lowered = {
          ...{ to: segments, at: now(), waitMilliseconds: recoverMilliseconds },
          failed: Number.POSITIVE_INFINITY,
        };
      }
    },
    outOfMemory(segments) {
      const half = Math.max(1, Math.floor(segments / 2));
      const last = lowered;
      if (last === undefined || isTrying(last)) {
        const isAgain = last !== undefined && segments >= last.failed;
        const waited = last?.waitMilliseconds ?? recoverMilliseconds;
        const waitMilliseconds = isAgain
          ? Math.min(2 * waited, LONGEST_WAIT * recoverMilliseconds)
          : recoverMilliseconds;
        lowered = { to: half, at: now(), waitMilliseconds, failed: segments };
      } else {
        // The halves of a batch, and one that was under way, tell nothing about waiting
        lowered = {
          ...last,
          to: Math.min(last.to, half),
          at: now(),
          failed: Math.min(last.failed, segments),
        };
      }
      // What fitted before does not any more
      held = Math.min(held, half);
    },
  };
}

function segmentsInTime({ fixedMilliseconds, millisecondsPerSegment }: BatchCost, target: number): number {
  if (millisecondsPerSegment <= 0) return Number.POSITIVE_INFINITY;
  return Math.floor((target - fixedMilliseconds) / millisecondsPerSegment);
}
