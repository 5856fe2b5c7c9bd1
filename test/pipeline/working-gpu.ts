import type { InferenceRequested } from '@murmuration/pipeline/contract/messages';
import { hearSegments } from '@murmuration/pipeline/hearing/hear-segments';
import { readSegments } from '@murmuration/pipeline/hearing/read-segments';
import type { Engine, ObjectStore } from '@murmuration/pipeline/ports';
import { heardLanguages } from '@murmuration/pipeline/transcripts/heard-languages';
import type { Gpu } from './local-machine.ts';

/** An endpoint that does its work: its answer lies in the store, as SageMaker leaves it. */
export function workingGpu(store: ObjectStore, engine: Engine): Gpu {
  return async ({ inferenceId, batch }: InferenceRequested) => {
    const { jobId, index, model, decoding } = batch;
    const segments = await readSegments(batch, store);
    const heard = await hearSegments(segments, decoding, heardLanguages(), { engine });
    const outputKey = `async/out/${inferenceId}.json`;
    const result = { jobId, index, lane: 'gpu', model, ...heard, engineSeconds: 0.1 };
    await store.write(outputKey, JSON.stringify(result));
    return { kind: 'inference-finished', inferenceId, outputKey };
  };
}
