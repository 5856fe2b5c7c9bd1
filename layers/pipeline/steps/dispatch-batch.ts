import type { BatchOffered, InferenceRequested } from '../contract/messages.ts';
import type { WaitingTask } from '../contract/waiting-task.ts';
import { inferenceIdOf } from '../jobs/inference-id.ts';
import { soundSha256 } from '../jobs/sound-sha256.ts';
import { writeJson } from '../jobs/write-json.ts';
import { keys } from '../keys.ts';
import { metrics } from '../metrics.ts';
import type { PipelinePorts } from '../pipeline-ports.ts';

/** Offers a batch to the GPU lane. Its task token is kept before anything is sent: an answer may come at once. */
export async function dispatchBatch(
  { taskToken, batch }: BatchOffered,
  { store, meter }: Pick<PipelinePorts, 'store' | 'meter'>,
): Promise<InferenceRequested> {
  const { jobId, index, segments, confidential } = batch;
  const inferenceId = inferenceIdOf(batch, taskToken);
  const task: WaitingTask = {
    taskToken,
    jobId,
    index,
    segments: segments.length,
    soundSha256: soundSha256(segments),
    ...(confidential && { confidential }),
  };
  await writeJson(store, keys.token(jobId, inferenceId), task);
  meter.add(metrics.batches, 1, 'Count', { lane: 'gpu' });
  return { kind: 'inference-requested', inferenceId, batch };
}
