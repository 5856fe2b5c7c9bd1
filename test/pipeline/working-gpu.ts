import type { InferenceRequested } from '@murmuration/pipeline/contract/messages';
import { hearBatch } from '@murmuration/pipeline/hearing/hear-batch';
import type { MeasuredEngine } from '@murmuration/pipeline/hearing/measured-engine';
import { readSegments } from '@murmuration/pipeline/hearing/read-segments';
import { soundSha256 } from '@murmuration/pipeline/jobs/sound-sha256';
import type { Engine, ObjectStore } from '@murmuration/pipeline/ports';
import type { Gpu } from './local-machine.ts';

/** An endpoint that does its work: its answer lies in the store, as SageMaker leaves it. */
export function workingGpu(store: ObjectStore, engine: Engine): Gpu {
  return async ({ inferenceId, batch }: InferenceRequested) => {
    const { jobId, index, model, decoding } = batch;
    const segments = await readSegments(batch, store);
    const measured: MeasuredEngine = { ...engine, workedSeconds: segments.map(() => 0.1) };
    const heard = await hearBatch(segments, decoding, { engine: measured });
    const outputKey = `async/out/${inferenceId}.json`;
    const result = { jobId, index, lane: 'gpu', model, soundSha256: soundSha256(batch.segments), ...heard };
    await store.write(outputKey, JSON.stringify(result));
    return { kind: 'inference-finished', inferenceId, outputKey };
  };
}
