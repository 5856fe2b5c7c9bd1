import type { JobEvent } from '@murmuration/pipeline/contract/webhook-messages';
import { formatNames } from '@murmuration/pipeline/formats/formats';
import { apiObjectKey } from './adapters/api-object-key.ts';
import type { ApiJob } from './contract/api-job.ts';

/**
 * The end of a job as webhooks tell it, in the cloud's shape: there too `sourceKey` holds the API's id. Outputs are
 * paths of this API.
 */
export function jobEvent({ id, created_at, state, progress, error }: ApiJob, owner: string): JobEvent {
  const createdAt = created_at * 1000;
  const common = { jobId: id, sourceKey: apiObjectKey(owner, { id, createdAt }) };
  if (state === 'done' || state === 'partial') {
    const outputs = formatNames.map((format) => [format, `/v1/jobs/${id}/transcript?format=${format}`]);
    return {
      kind: 'transcript-ready',
      ...common,
      state,
      durationSeconds: progress.done_seconds,
      outputs: Object.fromEntries(outputs),
    };
  }
  const { code, message } = error ?? { code: 'internal', message: 'it was not told why' };
  return { kind: 'job-failed', ...common, state: 'failed', code, reason: message };
}
