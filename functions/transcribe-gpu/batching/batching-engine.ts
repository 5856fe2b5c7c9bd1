import type { MeasuredEngine } from '@murmuration/pipeline/hearing/measured-engine';
import type { Engine } from '@murmuration/pipeline/ports';
import type { Batcher } from './create-batcher.ts';

/**
 * An engine for one request of a tenant, whose segments share batches with those of all others. Closing it leaves the devices
 * open.
 */
export function batchingEngine(batcher: Batcher, model: Engine, tenant: string): MeasuredEngine {
  const workedSeconds: number[] = [];
  return {
    modelId: model.modelId,
    modelSha256: model.modelSha256,
    timesWords: model.timesWords,
    workedSeconds,
    transcribe: (segments, decoding, signal) =>
      batcher.transcribe(tenant, segments, decoding, signal, (seconds) => workedSeconds.push(...seconds)),
    close: async () => undefined,
  };
}
