import { JobStatus } from '@murmuration/pipeline/contract/job-status';
import { Report } from '@murmuration/pipeline/contract/report';
import { Transcript } from '@murmuration/pipeline/contract/transcript';
import { readableJson } from '@murmuration/pipeline/jobs/read-json';
import { keys } from '@murmuration/pipeline/keys';
import type { ObjectStore } from '@murmuration/pipeline/ports';
import type { ApiJob, ApiJobState, ApiJobSummary } from '../contract/api-job.ts';
import { type HeardSoFar, heardSoFar, textSoFar } from './heard-so-far.ts';
import type { JobItem } from './job-item.ts';
import type { ObjectFolder } from './s3-object-folder.ts';

type StandingJob = Pick<JobItem, 'id' | 'name' | 'model' | 'sourceKey' | 'createdAt'>;

export interface StandingPorts {
  readonly store: ObjectStore;
  readonly folder: Pick<ObjectFolder, 'list'>;
}

/** How a job of the pipeline stands, as the API says it: from its status, its batches so far, and what it delivered. */
export async function standingOf(
  job: StandingJob,
  { store, folder }: StandingPorts,
  status: JobStatus | undefined,
): Promise<ApiJob> {
  const heard = await heardOf(status, folder);
  const summary = summarize(job, status, heard);
  if (!isDelivered(summary)) {
    return { ...summary, ...(await textSoFar(job.sourceKey, heard, store)), findings: [] };
  }
  const [transcript, report] = await Promise.all([
    readableJson(store, keys.transcript(job.sourceKey, 'json'), Transcript),
    status && readableJson(store, keys.report(status.jobId), Report),
  ]);
  return {
    ...summary,
    text: transcript?.text ?? '',
    language: transcript?.language ?? null,
    findings: report?.findings ?? [],
  };
}

/** As `standingOf`, without its text: of a job that goes on the batches are counted, and nothing else is asked for. */
export async function summaryOf(
  job: StandingJob,
  { folder }: Pick<StandingPorts, 'folder'>,
  status: JobStatus | undefined,
): Promise<ApiJobSummary> {
  return summarize(job, status, await heardOf(status, folder));
}

/** Undefined before the first work on it. */
export const readStatus = (
  job: Pick<JobItem, 'sourceKey'>,
  store: ObjectStore,
): Promise<JobStatus | undefined> => readableJson(store, keys.sourceStatus(job.sourceKey), JobStatus);

const nothing: HeardSoFar = { doneSeconds: 0, attempts: [] };

async function heardOf(
  status: JobStatus | undefined,
  folder: Pick<ObjectFolder, 'list'>,
): Promise<HeardSoFar> {
  return status !== undefined && stateOf(status) === 'running' ? heardSoFar(status, folder) : nothing;
}

function summarize(
  { id, name, model, createdAt }: StandingJob,
  status: JobStatus | undefined,
  { doneSeconds }: HeardSoFar,
): ApiJobSummary {
  const state = stateOf(status);
  const totalSeconds = status?.durationSeconds ?? null;
  return {
    id,
    object: 'transcription.job',
    state,
    name,
    model,
    created_at: Math.floor(createdAt / 1000),
    updated_at: Math.floor((status === undefined ? createdAt : Date.parse(status.updatedAt)) / 1000),
    progress: {
      done_seconds: isDelivered({ state }) ? (totalSeconds ?? 0) : doneSeconds,
      total_seconds: totalSeconds,
    },
    cached_segments: status?.cachedSegments ?? 0,
    warnings: status?.warnings ?? [],
    error: status?.reason === undefined ? null : { code: status.code ?? 'internal', message: status.reason },
  };
}

const isDelivered = ({ state }: Pick<ApiJob, 'state'>): boolean => state === 'done' || state === 'partial';

function stateOf(status: JobStatus | undefined): ApiJobState {
  if (status === undefined) return 'queued';
  return status.state === 'done' || status.state === 'partial' || status.state === 'failed'
    ? status.state
    : 'running';
}
