import { randomUUID } from 'node:crypto';
import { openAsBlob } from 'node:fs';
import { stat } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { ApiJob } from '@murmuration/api/contract/api-job';
import { UploadAnswer } from '@murmuration/api/contract/job-input';
import { Transcript } from '@murmuration/pipeline/contract/transcript';
import { isErrorCode, MurmurationError } from '@murmuration/pipeline/errors';
import type {
  RecordingOptions,
  RecordingRequest,
  RecordingTranscribed,
} from '@murmuration/pipeline/steps/transcribe-recording';
import { z } from 'zod';
import type { ReadEdits } from '../edits.ts';
import type { Hearing } from '../hearing.ts';
import { type ApiClient, apiClient } from './api-client.ts';

export interface RemoteOptions {
  /** Address of the server. */
  readonly remote: string;
  /** @default the environment's MURMURATION_API_KEY */
  readonly apiKey?: string | undefined;
  /** @default the server's own */
  readonly model?: string | undefined;
  readonly language: string;
  /** What the server is to change in its transcripts. */
  readonly edits: ReadEdits['wanted'];
}

/** How a job is watched: soon at first, for most recordings are short. */
const POLL_MILLISECONDS = { first: 100, most: 2000 };

/** Who pressed Ctrl-C does not wait for a server that is away. */
const FORGET_MILLISECONDS = 5000;

/** A server hears: recordings are sent as uploads, addresses are left to it. Its jobs are deleted when they are over. */
export function remoteHearing({ remote, apiKey, model, language, edits }: RemoteOptions): Hearing {
  const client = apiClient(remote, apiKey ?? process.env['MURMURATION_API_KEY']);

  async function hear(request: RecordingRequest, options: RecordingOptions): Promise<RecordingTranscribed> {
    const { source, name, decoding, channels, preprocess } = request;
    const { signal } = options;
    const where = await send(source, client, signal);
    const { task, prompt, hotwords, words } = decoding;
    const chosen = { model, language, task, prompt, hotwords, words, channels, preprocess, ...edits };
    const json = { ...where, name: name?.slice(0, 200), ...chosen };
    const once = { method: 'POST', json, signal, idempotencyKey: randomUUID() } as const;
    const { id } = await client.call('v1/jobs', ApiJob, once);
    let isOver = false;
    try {
      const job = await watch(id, client, options);
      isOver = job.state === 'failed';
      if (job.error !== null && isOver) throw failureOf(job.error);
      const transcript = await client.call(`v1/jobs/${id}/transcript?format=json`, Transcript, { signal });
      isOver = true;
      return {
        transcript,
        // What the server does not tell; --report, which would say it, is refused
        media: {
          container: '',
          codec: '',
          sampleRateHertz: 0,
          narrowBand: false,
          channels: 0,
          durationSeconds: transcript.durationSeconds,
        },
        warnings: job.warnings,
        findings: job.findings,
        cached: job.cached_segments,
      };
    } catch (error) {
      throw isOver ? error : leftThere(error, id);
    } finally {
      // Also where the person has stopped it, so that it costs nothing more; not where the server is away for longer
      if (isOver || signal?.aborted) await forget(id, client);
    }
  }

  return { language, timesWords: true, hear, close: async () => undefined };
}

async function send(
  source: RecordingRequest['source'],
  client: ApiClient,
  signal: AbortSignal | undefined,
): Promise<{ file_url: string } | { upload_id: string }> {
  if (typeof source !== 'string') {
    throw new MurmurationError(
      'invalid-argument',
      'a stream cannot be sent to a server: save it to a file first',
    );
  }
  if (/^https?:\/\//i.test(source)) return { file_url: source };
  const found = await stat(source).catch((cause: NodeJS.ErrnoException) => {
    throw new MurmurationError('file-not-found', `cannot read "${source}" (${cause.code}): check the path`, {
      cause,
    });
  });
  if (!found.isFile() || found.size === 0) {
    const what = found.isFile() ? 'empty (0 bytes)' : 'no file';
    throw new MurmurationError(found.isFile() ? 'media-empty' : 'media-unreadable', `"${source}" is ${what}`);
  }
  // What is announced twice and sent once goes after a day, and what is complete stays so
  const post = { method: 'POST', repeatable: true, signal } as const;
  const announced = { size_bytes: found.size };
  const { id, parts } = await client.call('v1/uploads', UploadAnswer, { ...post, json: announced });
  // Read as it is sent, never held whole
  const bytes = await openAsBlob(source);
  const etags: string[] = [];
  for (const { url, start_byte, end_byte } of parts) {
    etags.push(await client.send(url, bytes.slice(start_byte, end_byte), signal));
  }
  await client.call(`v1/uploads/${id}/complete`, z.unknown(), { ...post, json: { etags } });
  return { upload_id: id };
}

async function watch(
  id: string,
  client: ApiClient,
  { signal, onProgress }: RecordingOptions,
): Promise<ApiJob> {
  let wait = POLL_MILLISECONDS.first;
  while (true) {
    const job = await client.call(`v1/jobs/${id}`, ApiJob, { signal });
    const { done_seconds: doneSeconds, total_seconds: totalSeconds } = job.progress;
    onProgress?.({ doneSeconds, totalSeconds: totalSeconds ?? undefined, segments: [] });
    if (job.state !== 'queued' && job.state !== 'running') return job;
    await setTimeout(wait, undefined, { signal }).catch((cause: unknown) => {
      throw new MurmurationError('aborted', 'stopped while the server worked', { cause });
    });
    wait = Math.min(POLL_MILLISECONDS.most, wait * 1.5);
  }
}

async function forget(id: string, client: ApiClient): Promise<void> {
  const deletion = { method: 'DELETE', signal: AbortSignal.timeout(FORGET_MILLISECONDS) } as const;
  await client.call(`v1/jobs/${id}`, z.unknown(), deletion).catch(() => undefined);
}

/** What was paid for is not lost with the way to it. */
function leftThere(error: unknown, id: string): unknown {
  if (!(error instanceof MurmurationError) || !error.retryable) return error;
  const message = `${error.message}; the job goes on there, its transcript will be at /v1/jobs/${id}/transcript`;
  return new MurmurationError(error.code, message, { cause: error });
}

function failureOf({ code, message }: { readonly code: string; readonly message: string }): MurmurationError {
  return new MurmurationError(isErrorCode(code) ? code : 'internal', message);
}
