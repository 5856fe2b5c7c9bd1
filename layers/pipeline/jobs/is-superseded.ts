import type { JobStatus } from '../contract/job-status.ts';
import { jobIdOfSource } from './job-id.ts';

/**
 * Whether a job's source belongs to another job by now, as the status beside its transcripts says: another recording was
 * uploaded under the same name since. Whoever began last writes there.
 */
export function isSuperseded(
  { jobId, sourceKey }: Pick<JobStatus, 'jobId' | 'sourceKey'>,
  ofSource: JobStatus | undefined,
): boolean {
  // Where a job failed before it had an id of its own, nobody knows which upload it was of
  const nobody = jobIdOfSource(sourceKey);
  return ofSource !== undefined && ![jobId, nobody].includes(ofSource.jobId) && jobId !== nobody;
}
