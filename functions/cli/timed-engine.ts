import type { Engine } from '@murmuration/pipeline/ports';

export interface TimedEngine extends Engine {
  /** Spent in `transcribe` so far. */
  busySeconds(): number;
}

/** The same engine, with a watch on it. */
export function timedEngine(engine: Engine): TimedEngine {
  let busy = 0;
  return {
    ...engine,
    busySeconds: () => busy,
    async transcribe(...request) {
      const startedAt = performance.now();
      const heard = await engine.transcribe(...request);
      busy += (performance.now() - startedAt) / 1000;
      return heard;
    },
  };
}
