import type { JobEnded, JobFailed } from '../contract/messages.ts';
import { failureInWords } from '../jobs/failure-in-words.ts';
import { jobIdOfSource } from '../jobs/job-id.ts';
import { writeStatus } from '../jobs/write-status.ts';
import { metrics } from '../metrics.ts';
import type { PipelinePorts } from '../pipeline-ports.ts';

/** Says in words a person understands why a job came to nothing. */
export async function failJob(
  { sourceKey, failure, ...known }: JobFailed,
  { store, meter, clock }: Pick<PipelinePorts, 'store' | 'meter' | 'clock'>,
): Promise<JobEnded> {
  const broken =
    failure === undefined ? { code: 'internal', reason: 'nobody said why' } : failureInWords(failure);
  const { jobId = jobIdOfSource(sourceKey), code = broken.code, reason = broken.reason } = known;
  const isNew = await writeStatus({ jobId, sourceKey, state: 'failed', code, reason }, { store, clock });
  if (isNew) meter.add(metrics.jobsFailed, 1, 'Count');
  return { kind: 'job-failed', jobId, sourceKey, state: 'failed', code, reason };
}
