import { JobStatus } from '@murmuration/pipeline/contract/job-status';
import { Report } from '@murmuration/pipeline/contract/report';
import { Transcript } from '@murmuration/pipeline/contract/transcript';
import { keys } from '@murmuration/pipeline/keys';
import type { ObjectStore } from '@murmuration/pipeline/ports';
import type { z } from 'zod';
import type { ApiJob, ApiJobState } from '../contract/api-job.ts';
import type { JobItem } from './job-item.ts';
import type { ObjectFolder } from './s3-object-folder.ts';

/** How a job of the pipeline stands, as the API says it: from its status, its batches so far, and what it delivered. */
export async function standingOf(
  job: JobItem,
  { store, folder }: { readonly store: ObjectStore; readonly folder: ObjectFolder },
): Promise<ApiJob> {
  const status = await readStatus(job, store);
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
  return {
    id: job.id,
    object: 'transcription.job',
    state,
    name: job.name,
    model: job.model,
    created_at: Math.floor(job.createdAt / 1000),
    updated_at: Math.floor((status === undefined ? job.createdAt : Date.parse(status.updatedAt)) / 1000),
    progress: {
      done_seconds: isDelivered ? (totalSeconds ?? 0) : await heardSeconds(status, folder),
      total_seconds: totalSeconds,
    },
    text: transcript?.text ?? '',
    language: transcript?.language ?? null,
    cached_segments: status?.cachedSegments ?? 0,
    warnings: status?.warnings ?? [],
    findings: report?.findings ?? [],
    error: status?.reason === undefined ? null : { code: status.code ?? 'internal', message: status.reason },
  };
}

/** Undefined before the first work on it. */
export const readStatus = (job: JobItem, store: ObjectStore): Promise<JobStatus | undefined> =>
  readObject(store, keys.sourceStatus(job.sourceKey), JobStatus);

function stateOf(status: JobStatus | undefined): ApiJobState {
  if (status === undefined) return 'queued';
  return status.state === 'done' || status.state === 'partial' || status.state === 'failed'
    ? status.state
    : 'running';
}

/** By the batches that left a result: they are of much the same length. */
async function heardSeconds(status: JobStatus | undefined, folder: ObjectFolder): Promise<number> {
  const { jobId, batches, durationSeconds } = status ?? {};
  if (jobId === undefined || batches === undefined || durationSeconds === undefined) return 0;
  const prefix = `${keys.jobsPrefix}${jobId}/batches/`;
  const heard = new Set(
    (await folder.list(prefix))
      .filter((key) => key.includes('/attempt-'))
      .map((key) => key.slice(prefix.length).split('/')[0]),
  );
  return Math.min(1, heard.size / Math.max(1, batches)) * durationSeconds;
}

/** What the pipeline wrote; undefined where there is none, or it is none of this version's. */
export async function readObject<Schema extends z.ZodType>(
  store: ObjectStore,
  key: string,
  schema: Schema,
): Promise<z.output<Schema> | undefined> {
  const bytes = await store.read(key);
  if (bytes === undefined) return undefined;
  const parsed = schema.safeParse(JSON.parse(new TextDecoder().decode(bytes)));
  return parsed.success ? parsed.data : undefined;
}
