import type { MediaSource } from '@murmuration/pipeline/ports';
import type { z } from 'zod';
import type { ApiPorts, JobRequest, JobSource } from './api-ports.ts';
import type { ApiTools } from './api-tools.ts';
import type { JobEstimate } from './contract/job-input.ts';
import { withoutPath } from './without-path.ts';

/** What a job would cost, from the header of its recording. Throws what opening and probing throw. */
export async function estimateJob(
  { source, owner, key, name, options }: JobRequest,
  { ports, settings }: Pick<ApiTools, 'ports' | 'settings'>,
  signal: AbortSignal,
): Promise<z.infer<typeof JobEstimate>> {
  const { transcriber, ledger } = ports;
  const probe = async (recording: MediaSource) => {
    try {
      return await transcriber.probe(recording, signal);
    } catch (error) {
      throw withoutPath(error, recording, name);
    }
  };
  const opened = await open(source, owner, ports);
  const media = opened === undefined ? undefined : await probe(opened);
  const seconds = media?.durationSeconds ?? null;
  // Each channel is heard for itself then
  const heardSeconds = (seconds ?? 0) * (options.channels === 'separate' ? (media?.channels ?? 1) : 1);
  const measured = transcriber.timesRealTime?.();
  const timesRealTime = measured ?? settings.timesRealTime;
  const left =
    key.budgetSeconds === undefined ? null : Math.max(0, key.budgetSeconds - (await ledger.spent(key)));
  return {
    object: 'transcription.estimate',
    duration_seconds: seconds,
    heard_seconds: seconds === null ? null : heardSeconds,
    dollars: seconds === null ? null : (heardSeconds / 3600) * settings.dollarsPerAudioHour,
    expected_seconds: seconds === null ? null : heardSeconds / timesRealTime,
    times_real_time: timesRealTime,
    measured: measured !== undefined,
    budget_left_seconds: left,
  };
}

async function open(
  source: JobSource,
  owner: string,
  { uploads, objects }: Pick<ApiPorts, 'uploads' | 'objects'>,
): Promise<MediaSource | undefined> {
  switch (source.kind) {
    case 'upload':
      return (await uploads.open(owner, source.uploadId)).source;
    case 'url':
      return new URL(source.url);
    case 's3':
      return objects?.open(owner, source.key);
  }
}
