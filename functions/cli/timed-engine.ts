import type { Engine } from '@murmuration/pipeline/ports';

export interface TimedEngine extends Engine {
  /** Time in which at least one `transcribe` was under way, so far. */
  busySeconds(): number;
}

/** The same engine, with a watch on it. */
export function timedEngine(engine: Engine): TimedEngine {
  let busy = 0;
  let working = 0;
  let startedAt = 0;
  return {
    ...engine,
    busySeconds: () => busy,
    async transcribe(...request) {
      if (working === 0) startedAt = performance.now();
      working += 1;
      try {
        return await engine.transcribe(...request);
      } finally {
        working -= 1;
        if (working === 0) busy += (performance.now() - startedAt) / 1000;
      }
    },
  };
}
