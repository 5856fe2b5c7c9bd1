import { JobTraces, sweepJob } from '@murmuration/api/adapters/sweep-job';
import { memoryObjectStore } from '@murmuration/pipeline/adapters/memory-object-store';
import type { BatchResult } from '@murmuration/pipeline/contract/batch-result';
import { keys } from '@murmuration/pipeline/keys';
import type { ObjectStore, TranscriptCache } from '@murmuration/pipeline/ports';
import { describe, expect, it } from 'vitest';
import { numberEngine, portsInMemory } from '../pipeline/fakes.ts';
import { runJob } from '../pipeline/local-machine.ts';
import { segmentOf } from './factories/transcript.ts';

const jobId = 'a'.repeat(32);
const sourceKey = 'uploads/api/0123/job_1/1800000000000';
const traces = { sourceKey, jobIds: [jobId] };

function opened() {
  const objects = new Map<string, string>();
  const kept = new Set<string>();
  const ports = {
    store: { read: async (key: string) => Buffer.from(objects.get(key) ?? '') },
    folder: {
      list: async (prefix: string) => [...objects.keys()].filter((key) => key.startsWith(prefix)),
      async remove(prefix: string) {
        for (const key of [...objects.keys()]) if (key.startsWith(prefix)) objects.delete(key);
      },
    },
    cache: {
      get: async () => undefined,
      set: async () => undefined,
      forget: async (forgotten: readonly string[]) => forgotten.forEach((key) => void kept.delete(key)),
    },
  };
  return { objects, kept, ports };
}

const answer = (cacheKeys: string[]): string =>
  JSON.stringify({
    ...{ jobId, index: 0, lane: 'gpu', model: 'm', transcripts: [segmentOf()], cached: 0, cacheKeys },
    ...{ soundSha256: '0'.repeat(64), segmentSeconds: [1], engineSeconds: 1 },
  } satisfies BatchResult);

describe('sweeping a job', () => {
  it('deletes all of it, also what the endpoint answered and what the cache has, and nothing of others', async () => {
    const { objects, kept, ports } = opened();
    const mine = [
      sourceKey,
      keys.options(sourceKey),
      keys.transcript(sourceKey, 'srt'),
      keys.sourceStatus(sourceKey),
      keys.audio(jobId),
      keys.plan(jobId),
      keys.batchResult(jobId, 0, 'cpu'),
      `async/out/${jobId}/1.out`,
    ];
    const others = [
      'uploads/api/0123/job_1/1800000000001',
      keys.transcript('uploads/api/0123/job_1/1800000000001', 'srt'),
      keys.audio('b'.repeat(32)),
      `async/out/${'b'.repeat(32)}/1.out`,
      keys.removed(jobId),
    ];
    for (const key of [...mine, ...others]) objects.set(key, 'words');
    const [one, two, three, four] = ['1', '2', '3', '4'].map((digit) => digit.repeat(64)) as [
      ...[string, string, string, string],
    ];
    for (const key of [one, two, three, four]) kept.add(key);
    // Of batches that have expired
    objects.set(keys.cacheKeys(sourceKey), JSON.stringify([four]));
    objects.set(keys.batchResult(jobId, 0, 'cpu'), answer([one]));
    objects.set(`async/out/${jobId}/1.out`, answer([one, two]));
    await sweepJob(traces, ports);
    expect([...objects.keys()]).toEqual(others);
    expect([...kept]).toEqual([three]);
    await sweepJob(traces, ports);
  });

  it.each([
    { sourceKey: 'uploads/', jobIds: [jobId] },
    { sourceKey: '', jobIds: [jobId] },
    { sourceKey, jobIds: [''] },
    { sourceKey, jobIds: ['../x'] },
    { sourceKey },
  ])('is refused for what is no job of the API: %j', (wrong) => {
    expect(JobTraces.safeParse(wrong).success).toBe(false);
  });
});

describe('what the cache has of a job', () => {
  function caching() {
    const kept = new Map<string, unknown>();
    const cache: TranscriptCache = {
      get: async () => undefined,
      set: async (key, transcript) => void kept.set(key, transcript),
      forget: async (keys) => keys.forEach((key) => void kept.delete(key)),
    };
    return { kept, cache };
  }

  it('is named beside the transcript of a job of the API, which outlives its batches', async () => {
    const { kept, cache } = caching();
    const { ports, upload, json, store } = portsInMemory({ cache });
    await runJob(await upload('uploads/a.wav', '4'), { ports });
    expect(store.keys()).not.toContain(keys.cacheKeys('uploads/a.wav'));
    kept.clear();
    await runJob(await upload(sourceKey, '1 2 3'), { ports });
    expect((await json(keys.cacheKeys(sourceKey))).sort()).toEqual([...kept.keys()].sort());
    expect(kept.size).toBe(3);
  });

  it('is named by its batches', async () => {
    const { kept, cache } = caching();
    const { ports, upload, store, json } = portsInMemory({ cache });
    await runJob(await upload('uploads/a.wav', '1 2 3'), { ports });
    const results = store.keys().filter((key) => key.includes('/attempt-'));
    const named = await Promise.all(results.map(async (key) => (await json(key)).cacheKeys));
    expect(named.flat().sort()).toEqual([...kept.keys()].sort());
    expect(kept.size).toBe(3);
  });

  it('is forgotten by whoever put it there and finds that the job was removed', async () => {
    const { kept, cache } = caching();
    const store = memoryObjectStore();
    const engine = numberEngine();
    const removing: ObjectStore = {
      ...store,
      async write(key, body, options) {
        await store.write(key, body, options);
        const [, id] = /^jobs\/(.+)\/plan\.json$/.exec(key) ?? [];
        if (id === undefined) return;
        engine.transcribe = async (pcms) => {
          await store.write(keys.removed(id), '{}');
          return pcms.map(() => segmentOf());
        };
      },
    };
    const { ports } = portsInMemory({ cache, engine, store: removing });
    await store.write('uploads/a.wav', '1 2 3');
    const upload = {
      kind: 'media-uploaded',
      key: 'uploads/a.wav',
      etag: store.etag('uploads/a.wav'),
      sizeBytes: 5,
    };
    await runJob(upload, { ports }).catch(() => undefined);
    expect(store.keys().some((key) => key.startsWith(keys.removedPrefix))).toBe(true);
    expect([...kept.keys()]).toEqual([]);
  });
});
