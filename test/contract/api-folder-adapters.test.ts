import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { folderIdempotency } from '@murmuration/api/adapters/folder-idempotency';
import { folderJobs } from '@murmuration/api/adapters/folder-jobs';
import { changeKeys, folderKeyRing } from '@murmuration/api/adapters/folder-key-ring';
import { folderLedger } from '@murmuration/api/adapters/folder-ledger';
import { folderUploads } from '@murmuration/api/adapters/folder-uploads';
import type { Ledger, Transcribed, TranscribingOptions } from '@murmuration/api/api-ports';
import { resourceId } from '@murmuration/api/contract/resource-id';
import { hearJob } from '@murmuration/api/hear-job';
import { JobOptions } from '@murmuration/pipeline/contract/job';
import { MurmurationError } from '@murmuration/pipeline/errors';
import type { Clock } from '@murmuration/pipeline/ports';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type ApiAdapters, apiAdaptersContract } from './api-adapters.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'murmuration-adapters-'));
});
afterAll(() => rm(root, { recursive: true }));

const info = {
  container: 'wav',
  codec: 'pcm',
  sampleRateHertz: 16_000,
  channels: 1,
  durationSeconds: 10,
  narrowBand: false,
};
const transcript = { text: '', language: 'en', durationSeconds: 10, model: 'm', segments: [] };
const unreadable = () => new MurmurationError('media-unreadable', 'it is not audio');

/** An engine that hears when a test says so. */
function obedientTranscriber() {
  const heard: { onProgress: (seconds: number) => void; end: PromiseWithResolvers }[] = [];
  return {
    heard,
    models: ['m'],
    async transcribe(_: unknown, { signal, onProgress }: TranscribingOptions = {}): Promise<Transcribed> {
      signal?.throwIfAborted();
      const end = withResolvers();
      signal?.addEventListener('abort', () => end.reject(signal.reason));
      heard.push({
        end,
        onProgress: (doneSeconds) => onProgress?.({ doneSeconds, totalSeconds: 10, segments: [] }),
      });
      await end.promise;
      return { transcript, media: info, warnings: [], findings: [], cached: 0 } as unknown as Transcribed;
    },
    probe: async () => info,
  };
}
interface PromiseWithResolvers {
  promise: Promise<void>;
  resolve: () => void;
  reject: (reason: unknown) => void;
}
function withResolvers(): PromiseWithResolvers {
  let [resolve, reject]: [() => void, (reason: unknown) => void] = [() => {}, () => {}];
  const promise = new Promise<void>((yes, no) => {
    [resolve, reject] = [yes, no];
  });
  return { promise, resolve, reject };
}

function opened(
  folder: string,
  clock: Clock,
  wrap = (ledger: Ledger) => ledger,
  onRemoved?: () => Promise<void>,
) {
  const ledger = wrap(folderLedger(folder, clock));
  const uploads = folderUploads(folder, clock);
  const transcriber = obedientTranscriber();
  const hear = hearJob({ transcriber, uploads, ledger });
  const removeUpload = uploads.remove;
  const jobs = folderJobs({ folder, atOnce: 8, clock, ledger, hear, onRemoved, removeUpload });
  return { ledger, uploads, transcriber, jobs };
}

describe('in folders', () => {
  apiAdaptersContract(async (clock): Promise<ApiAdapters> => {
    const { ledger, uploads, transcriber, jobs } = opened(root, clock);
    const keyFile = join(root, 'keys.json');
    return {
      ledger,
      uploads,
      jobs,
      idempotency: folderIdempotency(root, clock),
      keyRing: folderKeyRing(keyFile),
      async addKey(key) {
        await changeKeys(keyFile, (keys) => [...keys, key]);
      },
      async revokeKey({ id }) {
        await changeKeys(keyFile, (keys) => keys.filter((key) => key.id !== id));
      },
      async send(owner, { id }, bytes) {
        async function* body() {
          yield bytes;
        }
        return [await uploads.receive(owner, id, body())];
      },
      read: (source) => readFile(source as string),
      async hear({ id, owner, key }, seconds, end) {
        await vi.waitFor(() => expect(transcriber.heard).toHaveLength(1));
        const [work] = transcriber.heard;
        work!.onProgress(seconds);
        await vi.waitFor(async () => expect(await ledger.spent(key)).toBe(seconds));
        if (end === 'done') work!.end.resolve();
        if (end === 'failed') work!.end.reject(unreadable());
        if (end === undefined) return;
        await vi.waitFor(async () => expect((await jobs.get(owner, id))?.state).toBe(end));
        if (end === 'failed') await vi.waitFor(async () => expect(await ledger.spent(key)).toBe(0));
      },
      close: () => jobs.close(),
    };
  });
});

describe('jobs in a folder', () => {
  const clock = Date.now;
  const key = { id: 'key_1', hash: '0'.repeat(64), owner: 'ann', createdAt: '2026-01-01T00:00:00.000Z' };
  const request = {
    ...{
      id: resourceId('job', 1, '00000000-0000-4000-8000-000000000000'),
      owner: 'ann',
      key,
      name: 'a',
      model: 'm',
    },
    ...{ source: { kind: 'url', url: 'https://a.example/a' } as const, options: JobOptions.parse({}) },
  };

  it('return what a failed one held after a crash between the two writes, once', async () => {
    const folder = await mkdtemp(join(root, 'crash-'));
    const dead = opened(folder, clock, (ledger) => ({
      ...ledger,
      settle: () => new Promise<never>(() => undefined),
    }));
    await dead.jobs.create(request);
    await vi.waitFor(() => expect(dead.transcriber.heard).toHaveLength(1));
    dead.transcriber.heard[0]!.onProgress(4);
    await vi.waitFor(async () => expect(await dead.ledger.spent(key)).toBe(4));
    dead.transcriber.heard[0]!.end.reject(unreadable());
    await vi.waitFor(async () => expect((await dead.jobs.get('ann', request.id))?.state).toBe('failed'));
    expect(await dead.ledger.spent(key)).toBe(4);

    for (const _ of ['after the crash', 'and after another start']) {
      const { ledger, jobs, transcriber } = opened(folder, clock);
      await ledger.spend(key, 1);
      // Nobody waits for the disk without a budget
      await ledger.spent(key);
      await jobs.resume();
      expect(transcriber.heard).toEqual([]);
      await jobs.close();
    }
    expect(await opened(folder, clock).ledger.spent(key)).toBe(2);
  });

  it('can be removed again where a crash came in the middle, and leave no transcript behind', async () => {
    const folder = await mkdtemp(join(root, 'removal-'));
    const crash = new Promise<never>(() => undefined);
    const dead = opened(folder, clock, undefined, () => crash);
    await dead.jobs.create(request);
    await vi.waitFor(() => expect(dead.transcriber.heard).toHaveLength(1));
    dead.transcriber.heard[0]!.end.resolve();
    await vi.waitFor(async () => expect((await dead.jobs.get('ann', request.id))?.state).toBe('done'));
    await dead.jobs.close();
    void dead.jobs.remove('ann', request.id);
    await new Promise((resolve) => setTimeout(resolve, 100));

    const { jobs } = opened(folder, clock);
    expect(await jobs.remove('ann', request.id)).toBe(true);
    const left = await readdir(join(folder, 'jobs'), { recursive: true, withFileTypes: true });
    expect(left.filter((entry) => entry.isFile())).toEqual([]);
    expect(await jobs.remove('ann', request.id)).toBe(false);
  });

  it('take their upload along when they are removed, but not from one that is still to hear it, or another owner', async () => {
    const folder = await mkdtemp(join(root, 'upload-'));
    const { uploads, jobs, transcriber } = opened(folder, clock);
    const uploadId = resourceId('upload', clock(), '00000000-0000-4000-8000-000000000000');
    await uploads.create({ id: uploadId, owner: 'ann', name: 'a', sizeBytes: 3 });
    async function* body() {
      yield Buffer.from('abc');
    }
    await uploads.receive('ann', uploadId, body());
    const [first, second] = [2, 3].map((milliseconds) => ({
      ...request,
      id: resourceId('job', milliseconds, '00000000-0000-4000-8000-000000000000'),
      source: { kind: 'upload', uploadId } as const,
    }));
    for (const each of [first!, second!]) await jobs.create(each);
    await vi.waitFor(() => expect(transcriber.heard).toHaveLength(2));
    transcriber.heard[0]!.end.resolve();
    await vi.waitFor(async () => expect((await jobs.get('ann', first!.id))?.state).toBe('done'));

    await jobs.remove('ann', first!.id);
    expect((await uploads.open('ann', uploadId)).name).toBe('a');
    await uploads.remove('bob', uploadId);
    expect((await uploads.open('ann', uploadId)).name).toBe('a');
    await jobs.remove('ann', second!.id);
    await expect(uploads.open('ann', uploadId)).rejects.toMatchObject({ code: 'not-found' });
    expect(await readdir(join(folder, 'uploads'))).toEqual([]);
  });

  it('are listed and can be removed where the file of one is damaged', async () => {
    const folder = await mkdtemp(join(root, 'damage-'));
    const { jobs } = opened(folder, clock);
    const other = { ...request, id: resourceId('job', 2, '00000000-0000-4000-8000-000000000000') };
    for (const each of [request, other]) await jobs.create(each);
    await jobs.close();
    const [owner] = await readdir(join(folder, 'jobs'));
    await writeFile(join(folder, 'jobs', owner!, `${other.id}.json`), '');

    const { jobs: again } = opened(folder, clock);
    expect((await again.list('ann', { limit: 2 })).jobs.map(({ id }) => id)).toEqual([request.id]);
    expect((await again.list('ann', { limit: 1 })).nextCursor).toBe(other.id);
    await expect(again.get('ann', other.id)).rejects.toMatchObject({ code: 'store-unavailable' });
    expect(await again.remove('bob', other.id)).toBe(false);
    expect(await again.remove('ann', other.id)).toBe(true);
    expect(await again.get('ann', other.id)).toBeUndefined();
  });

  it('pay once for what is heard again after a restart', async () => {
    const folder = await mkdtemp(join(root, 'restart-'));
    const before = opened(folder, clock);
    await before.jobs.create(request);
    await vi.waitFor(() => expect(before.transcriber.heard).toHaveLength(1));
    before.transcriber.heard[0]!.onProgress(6);
    await vi.waitFor(async () => expect(await before.ledger.spent(key)).toBe(6));
    await before.jobs.close();

    const after = opened(folder, clock);
    await after.jobs.resume();
    await vi.waitFor(() => expect(after.transcriber.heard).toHaveLength(1));
    after.transcriber.heard[0]!.onProgress(3);
    after.transcriber.heard[0]!.onProgress(10);
    after.transcriber.heard[0]!.end.resolve();
    await vi.waitFor(async () => expect((await after.jobs.get('ann', request.id))?.state).toBe('done'));
    expect(await after.ledger.spent(key)).toBe(10);
    await after.jobs.close();
  });
});
