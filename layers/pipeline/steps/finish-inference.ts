import { z } from 'zod';
import { BatchFailure, BatchResult } from '../contract/batch-result.ts';
import { JobStatus } from '../contract/job-status.ts';
import type { InferenceFinished, InferenceUnknown, TaskFailed, TaskSucceeded } from '../contract/messages.ts';
import { WaitingTask } from '../contract/waiting-task.ts';
import { forget } from '../jobs/forget-heard.ts';
import { jobOfInference } from '../jobs/inference-id.ts';
import { isRemoved } from '../jobs/is-removed.ts';
import { meterBatch } from '../jobs/meter-batch.ts';
import { readAttempt } from '../jobs/read-attempt.ts';
import { parseJson, readJson } from '../jobs/read-json.ts';
import { writeJson } from '../jobs/write-json.ts';
import { keys } from '../keys.ts';
import { metrics } from '../metrics.ts';
import type { PipelinePorts } from '../pipeline-ports.ts';

/** What the endpoint answers where it could not do its work. */
const EndpointError = z.object({ code: z.string(), reason: z.string() });

/**
 * Takes an inference's answer to the task that waits for it. An answer that comes twice writes the same twice and counts once; one that
 * nobody waits for any more is refused by Step Functions, and one that nobody ever waited for ends here.
 */
export async function finishInference(
  message: InferenceFinished,
  { store, meter }: Pick<PipelinePorts, 'store' | 'meter'>,
): Promise<TaskSucceeded | TaskFailed | InferenceUnknown> {
  const { inferenceId } = message;
  const jobId = jobOfInference(inferenceId);
  const task = jobId && (await readJson(store, keys.token(jobId, inferenceId), WaitingTask));
  if (!task || (await isRemoved(task.jobId, store))) return { kind: 'inference-unknown', inferenceId };
  const { taskToken, index } = task;
  const done = { kind: 'batch-done', jobId: task.jobId, index, lane: 'gpu' } as const;
  const succeeded: TaskSucceeded = { kind: 'task-succeeded', taskToken, output: done };
  if (task.confidential && !(await isUnderWay(task.jobId, store))) {
    await forgetAnswer(message, store);
    return { kind: 'inference-unknown', inferenceId };
  }
  // Its first telling took the answer out of its object
  if (task.confidential && (await readAttempt(task, 'gpu', store)) !== undefined) return succeeded;
  const answer = await readAnswer(message, task, store);
  if ('reason' in answer) {
    const key = keys.batchFailure(task.jobId, index, 'gpu');
    if ((await readJson(store, key, BatchFailure)) === undefined) {
      await writeJson(store, key, { jobId: task.jobId, index, lane: 'gpu', ...answer });
      meter.add(metrics.batchErrors, 1, 'Count', { lane: 'gpu' });
    }
    return { kind: 'task-failed', taskToken, ...answer };
  }
  const known = await readAttempt(answer, 'gpu', store);
  await writeJson(store, keys.batchResult(task.jobId, index, 'gpu'), answer);
  if (known === undefined) meterBatch(answer, meter);
  if (task.confidential) await forgetAnswer(message, store);
  return succeeded;
}

/** Whether its batches are still awaited: what comes later would be kept, and nobody would take it out again. */
async function isUnderWay(jobId: string, store: PipelinePorts['store']): Promise<boolean> {
  return (await readJson(store, keys.status(jobId), JobStatus))?.state === 'transcribing';
}

async function forgetAnswer({ outputKey }: InferenceFinished, store: PipelinePorts['store']): Promise<void> {
  if (outputKey !== undefined) await forget(outputKey, store);
}

async function readAnswer(
  { outputKey, failureReason }: InferenceFinished,
  { jobId, index, segments, soundSha256 }: WaitingTask,
  store: PipelinePorts['store'],
): Promise<BatchResult | { code: string; reason: string }> {
  if (outputKey === undefined) {
    return { code: 'endpoint-failed', reason: failureReason ?? 'the endpoint gave no reason' };
  }
  const bytes = await store.read(outputKey);
  if (bytes === undefined) return { code: 'answer-missing', reason: `there is no "${outputKey}"` };
  const found = parseJson(bytes);
  const refused = EndpointError.safeParse(found);
  if (refused.success) return { code: refused.data.code, reason: refused.data.reason };
  const parsed = BatchResult.safeParse(found);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const where = issue?.path.join('.') || 'it';
    return {
      code: 'answer-garbage',
      reason: `"${outputKey}" is no batch result: ${where}: ${issue?.message}`,
    };
  }
  const { lane, transcripts } = parsed.data;
  const isOurs = parsed.data.jobId === jobId && parsed.data.index === index && lane === 'gpu';
  const isPlanned = parsed.data.soundSha256 === soundSha256 && transcripts.length === segments;
  if (isOurs && isPlanned) return parsed.data;
  return {
    code: 'answer-garbage',
    reason: `"${outputKey}" holds ${transcripts.length} transcripts of batch ${parsed.data.index}; batch ${index} has ${segments} segments, of a sound that must be the same`,
  };
}
