import { BatchFailure, type BatchResult } from '../contract/batch-result.ts';
import type { BatchDone, BatchFailed, BatchForCpu } from '../contract/messages.ts';
import { MurmurationError } from '../errors.ts';
import { hearBatch } from '../hearing/hear-batch.ts';
import { measuredEngine } from '../hearing/measured-engine.ts';
import { readSegments } from '../hearing/read-segments.ts';
import { failureInWords } from '../jobs/failure-in-words.ts';
import { isRemoved } from '../jobs/is-removed.ts';
import { meterBatch, meterCpuEnd } from '../jobs/meter-batch.ts';
import { readAttempt } from '../jobs/read-attempt.ts';
import { readJson } from '../jobs/read-json.ts';
import { soundSha256 } from '../jobs/sound-sha256.ts';
import { writeJson } from '../jobs/write-json.ts';
import { keys } from '../keys.ts';
import type { PipelinePorts } from '../pipeline-ports.ts';

type BatchPorts = Pick<PipelinePorts, 'store' | 'meter' | 'clock' | 'engine' | 'cache'>;

const lane = 'cpu';

/**
 * Transcribes a batch here. Throws what may go well the next time; of the rest it leaves word. Only an end is counted, and
 * only the first: a batch may come again, after an answer that nobody got.
 */
export async function transcribeBatch(
  { gpuFailure, ...batch }: BatchForCpu,
  ports: BatchPorts,
): Promise<BatchDone | BatchFailed> {
  const { store, meter } = ports;
  const { jobId, index } = batch;
  const fromGpu = gpuFailure !== undefined;
  if (fromGpu) {
    const failure: BatchFailure = { jobId, index, lane: 'gpu', ...failureInWords(gpuFailure) };
    await writeJson(store, keys.batchFailure(jobId, index, 'gpu'), failure);
  }
  try {
    const result = await hear(batch, ports);
    const known = await readAttempt(result, lane, store);
    await writeJson(store, keys.batchResult(jobId, index, lane), result).catch(async (error: unknown) => {
      // Whoever removed the job was told by no result what the cache has of it
      if (await isRemoved(jobId, store)) await ports.cache?.forget?.(result.cacheKeys ?? []);
      throw error;
    });
    if (known === undefined) {
      meterCpuEnd({ fromGpu, isDead: false }, meter);
      meterBatch(result, meter);
    }
    return { kind: 'batch-done', jobId, index, lane };
  } catch (error) {
    if (!(error instanceof MurmurationError) || error.retryable) throw error;
    const { code, message: reason } = error;
    const key = keys.batchFailure(jobId, index, lane);
    const known = await readJson(store, key, BatchFailure);
    await writeJson(store, key, { jobId, index, lane, code, reason });
    if (known === undefined) meterCpuEnd({ fromGpu, isDead: true }, meter);
    return { kind: 'batch-failed', jobId, index, lane, code };
  }
}

async function hear(
  batch: Omit<BatchForCpu, 'gpuFailure'>,
  { store, clock, engine, cache }: BatchPorts,
): Promise<BatchResult> {
  const { jobId, index, model, decoding, confidential } = batch;
  if (model !== engine.modelId) {
    throw new MurmurationError(
      'model-not-found',
      `batch ${index} was planned for model "${model}", here is "${engine.modelId}": deploy both lanes with one model`,
    );
  }
  const segments = await readSegments(batch, store);
  const measured = measuredEngine(engine, clock);
  const heard = await hearBatch(segments, decoding, {
    engine: measured,
    cache: confidential ? undefined : cache,
  });
  return { jobId, index, lane, model, soundSha256: soundSha256(batch.segments), ...heard };
}
