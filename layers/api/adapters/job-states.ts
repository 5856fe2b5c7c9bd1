import type { JobRequest, Transcribed, TranscribingProgress } from '../api-ports.ts';
import { describeError } from '../contract/api-error-body.ts';
import type { ApiJob } from '../contract/api-job.ts';

const seconds = (milliseconds: number) => Math.floor(milliseconds / 1000);

/** A job that nobody has begun with. */
export function queuedJob({ id, name, model }: JobRequest, now: number): ApiJob {
  return {
    id,
    object: 'transcription.job',
    state: 'queued',
    name,
    model,
    created_at: seconds(now),
    updated_at: seconds(now),
    progress: { done_seconds: 0, total_seconds: null },
    text: '',
    language: null,
    cached_segments: 0,
    warnings: [],
    findings: [],
    error: null,
  };
}

/** The job after one more batch. */
export function progressedJob(
  job: ApiJob,
  { doneSeconds, totalSeconds, segments }: TranscribingProgress,
  now: number,
): ApiJob {
  const heard = segments.map(({ text }) => text.trim()).filter((text) => text !== '');
  return {
    ...job,
    state: 'running',
    updated_at: seconds(now),
    progress: { done_seconds: doneSeconds, total_seconds: totalSeconds ?? null },
    text: [job.text, ...heard].filter((text) => text !== '').join(' '),
    language: segments.at(-1)?.language ?? job.language,
  };
}

/** The job with its transcript written. */
export function doneJob(
  job: ApiJob,
  { transcript, warnings, findings, cached }: Transcribed,
  now: number,
): ApiJob {
  return {
    ...job,
    state: findings.some(({ reason }) => reason === 'not-transcribed') ? 'partial' : 'done',
    updated_at: seconds(now),
    progress: { done_seconds: transcript.durationSeconds, total_seconds: transcript.durationSeconds },
    text: transcript.text,
    language: transcript.language,
    cached_segments: cached,
    warnings: [...warnings],
    findings: [...findings],
  };
}

/** The job with why it failed. */
export function failedJob(job: ApiJob, error: unknown, now: number): ApiJob {
  const { code, body } = describeError(error, job.id);
  return { ...job, state: 'failed', updated_at: seconds(now), error: { code, message: body.error.message } };
}
