import type { Clock, Engine } from '../ports.ts';

/** An engine for one batch that says what its device worked. */
export interface MeasuredEngine extends Engine {
  /** Seconds for each segment that was handed to it, in the order of calls and their segments. */
  readonly workedSeconds: readonly number[];
}

/** The same engine, with a watch on it: all segments of a call have the same share, for the engine does not tell them apart. */
export function measuredEngine(engine: Engine, clock: Clock): MeasuredEngine {
  const workedSeconds: number[] = [];
  return {
    ...engine,
    workedSeconds,
    async transcribe(segments, ...options) {
      const startedAt = clock();
      const heard = await engine.transcribe(segments, ...options);
      const share = Math.max(0, clock() - startedAt) / 1000 / Math.max(1, segments.length);
      workedSeconds.push(...segments.map(() => share));
      return heard;
    },
  };
}
