import { ownObjects } from '@murmuration/api/adapters/own-objects';
import type { ApiPorts, JobRequest, JobSource } from '@murmuration/api/api-ports';
import type { ApiSettings } from '@murmuration/api/api-settings';
import { estimateJob } from '@murmuration/api/estimate-job';
import { recentSpeed } from '@murmuration/api/recent-speed';
import { memoryObjectStore } from '@murmuration/pipeline/adapters/memory-object-store';
import { JobOptions } from '@murmuration/pipeline/contract/job';
import { describe, expect, it } from 'vitest';

const media = { container: 'wav', codec: 'pcm', sampleRateHertz: 8000, narrowBand: true, channels: 2 };
const settings = { dollarsPerAudioHour: 0.36, timesRealTime: 60 } as ApiSettings;

const store = memoryObjectStore();

function estimate({
  durationSeconds,
  timesRealTime,
  options = {},
  budgetSeconds,
  source = { kind: 'url', url: 'https://example.com/talk.wav' },
}: {
  source?: JobSource;
  durationSeconds?: number | undefined;
  timesRealTime?: number | undefined;
  options?: object;
  budgetSeconds?: number;
}) {
  const ports = {
    transcriber: {
      models: ['tiny'],
      probe: async () => ({ ...media, durationSeconds }),
      timesRealTime: () => timesRealTime,
    },
    ledger: { spent: async () => 100 },
    objects: ownObjects(store),
  } as unknown as ApiPorts;
  const request = {
    owner: 'ann',
    name: 'talk',
    key: { id: 'k', ...(budgetSeconds === undefined ? {} : { budgetSeconds }) },
    source,
    options: JobOptions.parse(options),
  } as JobRequest;
  return estimateJob(request, { ports, settings }, new AbortController().signal);
}

describe('dry_run', () => {
  it('reckons by what this server measured of late', async () => {
    expect(await estimate({ durationSeconds: 1000, timesRealTime: 125 })).toEqual({
      object: 'transcription.estimate',
      duration_seconds: 1000,
      heard_seconds: 1000,
      dollars: 0.1,
      expected_seconds: 8,
      times_real_time: 125,
      measured: true,
      budget_left_seconds: null,
    });
  });

  it('reckons by what is usual before anything was measured, and says so', async () => {
    expect(await estimate({ durationSeconds: 600, budgetSeconds: 3600 })).toMatchObject({
      expected_seconds: 10,
      times_real_time: 60,
      measured: false,
      budget_left_seconds: 3500,
    });
  });

  it('counts each channel that is heard for itself, and bills it', async () => {
    expect(await estimate({ durationSeconds: 600, options: { channels: 'separate' } })).toMatchObject({
      duration_seconds: 600,
      heard_seconds: 1200,
      expected_seconds: 20,
      dollars: 0.12,
    });
  });

  it('opens what its owner has put into the bucket, and nothing that is missing or of others', async () => {
    await store.write('uploads/owners/ann/talk', 'sound');
    await store.write('uploads/owners/bob/talk', 'sound');
    const of = (key: string) => estimate({ durationSeconds: 1000, source: { kind: 's3', key } });
    expect(await of('uploads/owners/ann/talk')).toMatchObject({ duration_seconds: 1000, dollars: 0.1 });
    const details = { param: 's3_key' };
    await expect(of('uploads/owners/ann/none')).rejects.toMatchObject({ code: 'not-found', details });
    for (const key of ['uploads/owners/bob/talk', 'uploads/owners/annie/talk', 'uploads/api/incoming/a']) {
      await expect(of(key)).rejects.toMatchObject({ code: 'invalid-argument', details });
    }
  });

  it('says what it cannot know of a recording that does not tell its length', async () => {
    expect(await estimate({ timesRealTime: 125 })).toMatchObject({
      duration_seconds: null,
      dollars: null,
      expected_seconds: null,
    });
  });
});

describe('recent speed', () => {
  it('is not known before the first run, nor by runs of no length', () => {
    const speed = recentSpeed();
    expect(speed.timesRealTime()).toBeUndefined();
    speed.add({ audioSeconds: 0, seconds: 0.2 });
    expect(speed.timesRealTime()).toBeUndefined();
  });

  it('weighs runs by their length, and forgets the oldest', () => {
    const speed = recentSpeed();
    for (let run = 0; run < 20; run++) speed.add({ audioSeconds: 10, seconds: 10 });
    expect(speed.timesRealTime()).toBe(1);
    speed.add({ audioSeconds: 1000, seconds: 10 });
    expect(speed.timesRealTime()).toBeCloseTo((19 * 10 + 1000) / 200);
    for (let run = 0; run < 20; run++) speed.add({ audioSeconds: 100, seconds: 1 });
    expect(speed.timesRealTime()).toBe(100);
  });
});
