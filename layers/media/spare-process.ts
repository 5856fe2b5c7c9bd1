import type { PcmProcess } from './pcm-process.ts';

/** A decoder started ahead of its request: a start costs 150 ms, which for short recordings is most of the wait. */
export interface SpareProcess {
  /** Starts one where none waits. It ends with this program, and does not hold it. */
  prepare(): void;
  /** The one that waits, else a new one; it holds this program. */
  take(): PcmProcess;
}

/** @param start starts a process that waits for its request, and ends by itself once nobody can send one */
export function spareProcess(start: () => PcmProcess): SpareProcess {
  let waiting: PcmProcess | undefined;
  return {
    prepare() {
      if (waiting !== undefined && !waiting.isGone()) return;
      waiting = start();
      waiting.release();
    },
    take() {
      const taken = waiting;
      waiting = undefined;
      if (taken === undefined || taken.isGone()) return start();
      taken.hold();
      return taken;
    },
  };
}
