import { JobStatus } from '@murmuration/pipeline/contract/job-status';
import { Report } from '@murmuration/pipeline/contract/report';
import { Transcript } from '@murmuration/pipeline/contract/transcript';
import { keys } from '@murmuration/pipeline/keys';
import type { ObjectStore } from '@murmuration/pipeline/ports';
import type { ApiJob, ApiJobState } from '../contract/api-job.ts';
import { heardSoFar } from './heard-so-far.ts';
import type { JobItem } from './job-item.ts';
import { readObject } from './read-object.ts';
import type { ObjectFolder } from './s3-object-folder.ts';

/** How a job of the pipeline stands, as the API says it: from its status, its batches so far, and what it delivered. */
export async function standingOf(
  job: Omit<JobItem, 'begun'>,
  { store, folder }: { readonly store: ObjectStore; readonly folder: ObjectFolder },
  status: JobStatus | undefined,
): Promise<ApiJob> {
  const state = stateOf(status);
  const isDelivered = state === 'done' || state === 'partial';
  const transcript = isDelivered
    ? await readObject(store, keys.transcript(job.sourceKey, 'json'), Transcript)
    : undefined;
  const report =
    status !== undefined && isDelivered
      ? await readObject(store, keys.report(status.jobId), Report)
      : undefined;
  const totalSeconds = status?.durationSeconds ?? null;
  const heard =
    state === 'running'
      ? await heardSoFar({ sourceKey: job.sourceKey, status }, { store, folder })
      : { doneSeconds: isDelivered ? (totalSeconds ?? 0) : 0, text: '', language: null };
  return {
    id: job.id,
    object: 'transcription.job',
    state,
    name: job.name,
    model: job.model,
    created_at: Math.floor(job.createdAt / 1000),
    updated_at: Math.floor((status === undefined ? job.createdAt : Date.parse(status.updatedAt)) / 1000),
    progress: {
      done_seconds: heard.doneSeconds,
      total_seconds: totalSeconds,
    },
    text: transcript?.text ?? heard.text,
    language: transcript?.language ?? heard.language,
    cached_segments: status?.cachedSegments ?? 0,
    warnings: status?.warnings ?? [],
    findings: report?.findings ?? [],
    error: status?.reason === undefined ? null : { code: status.code ?? 'internal', message: status.reason },
  };
}

/** Undefined before the first work on it. */
export const readStatus = (
  job: Pick<JobItem, 'sourceKey'>,
  store: ObjectStore,
): Promise<JobStatus | undefined> => readObject(store, keys.sourceStatus(job.sourceKey), JobStatus);

function stateOf(status: JobStatus | undefined): ApiJobState {
  if (status === undefined) return 'queued';
  return status.state === 'done' || status.state === 'partial' || status.state === 'failed'
    ? status.state
    : 'running';
}
