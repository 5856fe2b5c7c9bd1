import { JobStatus } from '../contract/job-status.ts';
import type { ExecutionStopped, JobFailed, JobUntouched } from '../contract/messages.ts';
import { Recording } from '../contract/plan.ts';
import { isRemoved } from '../jobs/is-removed.ts';
import { jobIdOf } from '../jobs/job-id.ts';
import { readJson } from '../jobs/read-json.ts';
import { keys } from '../keys.ts';
import type { PipelinePorts } from '../pipeline-ports.ts';

/** Fails the job of an execution that was stopped, for else it would be under way for ever. */
export async function endStopped(
  { sourceKey, etag, code, reason }: ExecutionStopped,
  { store }: Pick<PipelinePorts, 'store'>,
): Promise<JobFailed | JobUntouched> {
  const status = await readJson(store, keys.sourceStatus(sourceKey), JobStatus);
  if (status === undefined || ['done', 'partial', 'failed'].includes(status.state)) {
    return { kind: 'job-untouched' };
  }
  const { jobId } = status;
  // Its owner does not wait for a word
  if (await isRemoved(jobId, store)) return { kind: 'job-untouched' };
  const recording = await readJson(store, keys.recording(jobId), Recording);
  // Another upload under this name may have taken its place
  const isOurs = recording === undefined ? status.etag === etag : jobIdOf({ ...recording, etag }) === jobId;
  if (!isOurs) return { kind: 'job-untouched' };
  return { kind: 'job-failed', jobId, sourceKey, code, reason };
}
