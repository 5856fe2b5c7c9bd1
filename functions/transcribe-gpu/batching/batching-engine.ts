import type { Engine } from '@murmuration/pipeline/ports';
import type { Batcher } from './create-batcher.ts';

/** An engine for one tenant, whose segments share batches with those of all others. Closing it leaves the devices open. */
export function batchingEngine(batcher: Batcher, model: Engine, tenant: string): Engine {
  return {
    modelId: model.modelId,
    modelSha256: model.modelSha256,
    timesWords: model.timesWords,
    transcribe: (segments, decoding, signal) => batcher.transcribe(tenant, segments, decoding, signal),
    close: async () => undefined,
  };
}
