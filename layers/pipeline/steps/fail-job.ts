import { JobStatus } from '../contract/job-status.ts';
import type { JobEnded, JobFailed, StateFailure } from '../contract/messages.ts';
import { Recording } from '../contract/plan.ts';
import { failureInWords } from '../jobs/failure-in-words.ts';
import { forgetHeard } from '../jobs/forget-heard.ts';
import { jobIdOfSource } from '../jobs/job-id.ts';
import { readableJson } from '../jobs/read-json.ts';
import { unlessRemoved } from '../jobs/unless-removed.ts';
import { whyBatchesFailed } from '../jobs/why-batches-failed.ts';
import { writeStatus } from '../jobs/write-status.ts';
import { keys } from '../keys.ts';
import { metrics } from '../metrics.ts';
import type { PipelinePorts } from '../pipeline-ports.ts';
import type { ObjectStore } from '../ports.ts';

/** Step Functions' word for it. */
const TOO_MANY_DEAD = 'States.ExceedToleratedFailureThreshold';

/** Says in words a person understands why a job came to nothing. */
export async function failJob(
  { sourceKey, failure, ...known }: JobFailed,
  { store: shared, meter, clock }: Pick<PipelinePorts, 'store' | 'meter' | 'clock'>,
): Promise<JobEnded> {
  const { jobId = jobIdOfSource(sourceKey) } = known;
  const store = unlessRemoved(shared, jobId);
  const broken = await describe(jobId, failure, store);
  const { code = broken.code, reason = broken.reason } = known;
  await forget({ sourceKey, jobId: known.jobId }, store);
  const isNew = await writeStatus({ jobId, sourceKey, state: 'failed', code, reason }, { store, clock });
  if (isNew) meter.add(metrics.jobsFailed, 1, 'Count');
  return { kind: 'job-failed', jobId, sourceKey, state: 'failed', code, reason };
}

/** Before its status is written over: where a state broke, only that says which job it was. */
async function forget(
  { sourceKey, jobId }: { sourceKey: string; jobId: string | undefined },
  store: ObjectStore,
): Promise<void> {
  const id = jobId ?? (await readableJson(store, keys.sourceStatus(sourceKey), JobStatus))?.jobId;
  const recording = id && (await readableJson(store, keys.recording(id), Recording));
  if (recording) await forgetHeard(recording, store);
}

async function describe(
  jobId: string,
  failure: StateFailure | undefined,
  store: ObjectStore,
): Promise<{ code: string; reason: string }> {
  if (failure === undefined) return { code: 'internal', reason: 'nobody said why' };
  const said = failureInWords(failure);
  // What the batches died of says more than that there were many
  const why = failure.Error === TOO_MANY_DEAD ? await whyBatchesFailed(jobId, store) : undefined;
  return why ?? said;
}
