import type { PcmProcess } from './pcm-process.ts';

/** Whoever works through short recordings needs every core for the engine, and is slower with a start beside it. */
const QUIET_SECONDS = 2;

/** A decoder started ahead of its request: a start costs 150 ms, which for short recordings is most of the wait. */
export interface SpareProcess {
  /** Starts one where none waits. It ends with this program, and does not hold it. */
  prepare(): void;
  /** The same, once nothing was taken for 2 s. */
  prepareLater(): void;
  /** The one that waits, else a new one; it holds this program. */
  take(): PcmProcess;
}

/** @param start starts a process that waits for its request, and ends by itself once nobody can send one */
export function spareProcess(start: () => PcmProcess): SpareProcess {
  let waiting: PcmProcess | undefined;
  let timer: NodeJS.Timeout | undefined;
  function prepare() {
    if (waiting !== undefined && !waiting.isGone()) return;
    waiting = start();
    waiting.release();
  }
  return {
    prepare,
    prepareLater() {
      clearTimeout(timer);
      timer = setTimeout(prepare, QUIET_SECONDS * 1_000).unref();
    },
    take() {
      clearTimeout(timer);
      const taken = waiting;
      waiting = undefined;
      if (taken === undefined || taken.isGone()) return start();
      taken.hold();
      return taken;
    },
  };
}
