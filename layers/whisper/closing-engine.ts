import { MurmurationError } from '@murmuration/pipeline/errors';
import type { Engine } from '@murmuration/pipeline/ports';

/** The engine, but `close` waits for the work under way, may be called again, and no work is taken after it. */
export function closingEngine(engine: Engine): Engine {
  const working = new Set<Promise<unknown>>();
  let closing: Promise<void> | undefined;
  return {
    ...engine,
    transcribe(...request) {
      if (closing !== undefined) return Promise.reject(closed(engine.modelId));
      const work = engine.transcribe(...request).finally(() => working.delete(work));
      working.add(work);
      return work;
    },
    close() {
      closing ??= Promise.allSettled(working).then(() => engine.close());
      return closing;
    },
  };
}

function closed(modelId: string): MurmurationError {
  return new MurmurationError('invalid-argument', `the engine of ${modelId} was closed: create a new one`);
}
