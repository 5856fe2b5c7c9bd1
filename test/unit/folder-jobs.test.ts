import { mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { UploadReceiver, Uploads } from '@murmuration/api/api-ports';
import { resourceId } from '@murmuration/api/contract/resource-id';
import { JobOptions } from '@murmuration/pipeline/contract/job';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openFolders, unreadable } from '../contract/open-folders.ts';
import { soon } from '../soon.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'murmuration-jobs-'));
});
afterAll(() => rm(root, { recursive: true }));

const key = { id: 'key_1', hash: '0'.repeat(64), owner: 'ann', createdAt: '2026-01-01T00:00:00.000Z' };
const request = {
  ...{ id: idOf(1), owner: 'ann', key, name: 'a', model: 'm' },
  ...{ source: { kind: 'url', url: 'https://a.example/a' } as const, options: JobOptions.parse({}) },
};

function idOf(milliseconds: number): string {
  return resourceId('job', milliseconds, '00000000-0000-4000-8000-000000000000');
}

async function uploaded({ create, receive }: Uploads & UploadReceiver): Promise<string> {
  const id = resourceId('upload', 1, '00000000-0000-4000-8000-000000000000');
  await create({ id, owner: 'ann', name: 'a', sizeBytes: 3 });
  async function* body() {
    yield Buffer.from('abc');
  }
  await receive('ann', id, body());
  return id;
}

/** One of an upload. */
const jobOf = (uploadId: string, milliseconds: number) => ({
  ...request,
  id: idOf(milliseconds),
  source: { kind: 'upload', uploadId } as const,
});

/** So many, by the next process. */
async function expectHeardAgain(folder: string, count: number): Promise<void> {
  const { jobs, transcriber } = openFolders(folder);
  await jobs.resume();
  await soon(() => expect(transcriber.heard).toHaveLength(count));
  await jobs.close();
}

describe('jobs in a folder', () => {
  it('return what a failed one held after a crash between the two writes, once', async () => {
    const folder = await mkdtemp(join(root, 'crash-'));
    let isSettling = false;
    const settle = () => {
      isSettling = true;
      return new Promise<never>(() => undefined);
    };
    const dead = openFolders(folder, { wrap: (ledger) => ({ ...ledger, settle }) });
    await dead.jobs.create(request);
    await soon(() => expect(dead.transcriber.heard).toHaveLength(1));
    dead.transcriber.heard[0]!.onProgress(4);
    await soon(async () => expect(await dead.ledger.spent(key)).toBe(4));
    dead.transcriber.heard[0]!.end.reject(unreadable());
    await soon(() => expect(isSettling).toBe(true));
    expect((await dead.jobs.get('ann', request.id))?.state).toBe('failed');
    expect(await dead.ledger.spent(key)).toBe(4);

    for (const _ of ['after the crash', 'and after another start']) {
      const { ledger, jobs, transcriber } = openFolders(folder);
      await ledger.spend(key, 1);
      // Nobody waits for the disk without a budget
      await ledger.spent(key);
      await jobs.resume();
      expect(transcriber.heard).toEqual([]);
      await jobs.close();
    }
    expect(await openFolders(folder).ledger.spent(key)).toBe(2);
  });

  it('can be removed again where a crash came in the middle, and leave no transcript behind', async () => {
    const folder = await mkdtemp(join(root, 'removal-'));
    let isRemoving = false;
    const dead = openFolders(folder, {
      onRemoved() {
        isRemoving = true;
        return new Promise(() => undefined);
      },
    });
    await dead.jobs.create(request);
    await soon(() => expect(dead.transcriber.heard).toHaveLength(1));
    dead.transcriber.heard[0]!.end.resolve();
    await soon(async () => expect((await dead.jobs.get('ann', request.id))?.state).toBe('done'));
    await dead.jobs.close();
    void dead.jobs.remove('ann', request.id);
    await soon(() => expect(isRemoving).toBe(true));

    const { jobs } = openFolders(folder);
    expect(await jobs.remove('ann', request.id)).toBe(true);
    const left = await readdir(join(folder, 'jobs'), { recursive: true, withFileTypes: true });
    expect(left.filter((entry) => entry.isFile())).toEqual([]);
    expect(await jobs.remove('ann', request.id)).toBe(false);
  });

  it('take their upload along when they are removed, but not from one that is still to hear it, or another owner', async () => {
    const folder = await mkdtemp(join(root, 'upload-'));
    const { uploads, jobs, transcriber } = openFolders(folder);
    const uploadId = await uploaded(uploads);
    const [first, second] = [jobOf(uploadId, 2), jobOf(uploadId, 3)];
    for (const each of [first, second]) await jobs.create(each);
    await soon(() => expect(transcriber.heard).toHaveLength(2));
    transcriber.heard[0]!.end.resolve();
    await soon(async () => expect((await jobs.get('ann', first.id))?.state).toBe('done'));

    await jobs.remove('ann', first.id);
    expect((await uploads.open('ann', uploadId)).name).toBe('a');
    await uploads.remove('bob', uploadId);
    expect((await uploads.open('ann', uploadId)).name).toBe('a');
    await jobs.remove('ann', second.id);
    await expect(uploads.open('ann', uploadId)).rejects.toMatchObject({ code: 'not-found' });
    expect(await readdir(join(folder, 'uploads'))).toEqual([]);
  });

  it('are listed and can be removed where the file of one is damaged', async () => {
    const folder = await mkdtemp(join(root, 'damage-'));
    const { jobs } = openFolders(folder);
    const other = { ...request, id: idOf(2) };
    for (const each of [request, other]) await jobs.create(each);
    await jobs.close();
    const [owner] = await readdir(join(folder, 'jobs'));
    await writeFile(join(folder, 'jobs', owner!, `${other.id}.json`), '');

    const { jobs: again } = openFolders(folder);
    expect((await again.list('ann', { limit: 2 })).jobs.map(({ id }) => id)).toEqual([request.id]);
    expect((await again.list('ann', { limit: 1 })).nextCursor).toBe(other.id);
    await expect(again.get('ann', other.id)).rejects.toMatchObject({ code: 'store-unavailable' });
    expect(await again.remove('bob', other.id)).toBe(false);
    expect(await again.remove('ann', other.id)).toBe(true);
    expect(await again.get('ann', other.id)).toBeUndefined();
  });

  it('pay once for what is heard again after a restart', async () => {
    const folder = await mkdtemp(join(root, 'restart-'));
    const before = openFolders(folder);
    await before.jobs.create(request);
    await soon(() => expect(before.transcriber.heard).toHaveLength(1));
    before.transcriber.heard[0]!.onProgress(6);
    await soon(async () => expect(await before.ledger.spent(key)).toBe(6));
    await before.jobs.close();

    const after = openFolders(folder);
    await after.jobs.resume();
    await soon(() => expect(after.transcriber.heard).toHaveLength(1));
    after.transcriber.heard[0]!.onProgress(3);
    after.transcriber.heard[0]!.onProgress(10);
    after.transcriber.heard[0]!.end.resolve();
    await soon(async () => expect((await after.jobs.get('ann', request.id))?.state).toBe('done'));
    expect(await after.ledger.spent(key)).toBe(10);
    await after.jobs.close();
  });

  it('that wait for their turn are removed at once, and can come again', async () => {
    const folder = await mkdtemp(join(root, 'queue-'));
    const { jobs, transcriber } = openFolders(folder, { atOnce: 1 });
    const second = { ...request, id: idOf(2) };
    for (const each of [request, second]) await jobs.create(each);
    await soon(() => expect(transcriber.heard).toHaveLength(1));

    // It would wait for the first one, which does not end by itself
    expect(await jobs.remove('ann', second.id)).toBe(true);
    expect(await jobs.get('ann', second.id)).toBeUndefined();
    expect((await jobs.list('ann', { limit: 10 })).jobs.map(({ id }) => id)).toEqual([request.id]);

    await jobs.create(second);
    transcriber.heard[0]!.end.resolve();
    await soon(() => expect(transcriber.heard).toHaveLength(2));
    expect((await jobs.get('ann', second.id))?.state).toBe('queued');
    transcriber.heard[1]!.end.resolve();
    await soon(async () => expect((await jobs.get('ann', second.id))?.state).toBe('done'));
    await jobs.close();
  });

  it('come to their end where one word of their progress could not be written, and that is told', async () => {
    const folder = await mkdtemp(join(root, 'full-'));
    const { jobs, transcriber, errors } = openFolders(folder);
    await jobs.create(request);
    await soon(() => expect(transcriber.heard).toHaveLength(1));
    const mend = await breakFolder(join(folder, 'jobs'));
    transcriber.heard[0]!.onProgress(4);
    await soon(() => expect(errors).toMatchObject([{ code: 'store-unavailable' }]));
    await mend();
    transcriber.heard[0]!.end.resolve();
    await soon(async () => expect((await jobs.get('ann', request.id))?.state).toBe('done'));
    await jobs.close();

    const after = openFolders(folder);
    expect((await after.jobs.get('ann', request.id))?.state).toBe('done');
    expect(errors).toHaveLength(1);
  });

  it('whose end could not be written have it while the server runs, and are heard again after a restart', async () => {
    const folder = await mkdtemp(join(root, 'end-'));
    const { jobs, uploads, transcriber, errors } = openFolders(folder);
    const job = jobOf(await uploaded(uploads), 1);
    await jobs.create(job);
    await soon(() => expect(transcriber.heard).toHaveLength(1));
    const mend = await breakFolder(join(folder, 'jobs'));
    transcriber.heard[0]!.end.reject(unreadable());
    await soon(() => expect(errors).toMatchObject([{ code: 'store-unavailable' }]));
    await mend();
    expect(await jobs.get('ann', job.id)).toMatchObject({ error: { code: 'media-unreadable' } });
    expect(jobs.isAwaited(job.source.uploadId)).toBe(true);
    await jobs.close();

    await expectHeardAgain(folder, 1);
  });

  it('that come while the server ends are taken, not begun, and heard after its next start', async () => {
    const folder = await mkdtemp(join(root, 'ending-'));
    const { jobs, ledger, transcriber } = openFolders(folder);
    await jobs.create(request);
    await soon(() => expect(transcriber.heard).toHaveLength(1));
    await jobs.close();
    const late = { ...request, id: idOf(2) };
    expect((await jobs.create(late)).state).toBe('queued');
    for (const { id } of [request, late]) expect((await jobs.get('ann', id))?.state).toBe('queued');
    // Whoever hears asks the ledger before
    await new Promise(setImmediate);
    await ledger.spent(key);
    await new Promise(setImmediate);
    expect(transcriber.heard).toHaveLength(1);

    await expectHeardAgain(folder, 2);
  });

  it('have their upload however long they wait, over a restart too, and not longer', async () => {
    const folder = await mkdtemp(join(root, 'weekend-'));
    let now = Date.now();
    const clock = () => now;
    const before = openFolders(folder, { clock, atOnce: 1 });
    const uploadId = await uploaded(before.uploads);
    const late = jobOf(uploadId, 2);
    for (const each of [request, late]) await before.jobs.create(each);
    await before.jobs.close();
    now += 3 * 24 * 3600 * 1000;
    await before.uploads.sweep();

    const { jobs, uploads, transcriber } = openFolders(folder, { clock, atOnce: 1 });
    await jobs.resume();
    await uploads.sweep();
    await soon(() => expect(transcriber.heard).toHaveLength(1));
    transcriber.heard[0]!.end.resolve();
    await soon(() => expect(transcriber.heard).toHaveLength(2));
    await uploads.sweep();
    expect((await uploads.open('ann', uploadId)).name).toBe('a');
    transcriber.heard[1]!.end.resolve();
    await soon(async () => expect((await jobs.get('ann', late.id))?.state).toBe('done'));
    await soon(() => expect(jobs.isAwaited(uploadId)).toBe(false));
    await uploads.sweep();
    expect(await readdir(join(folder, 'uploads'))).toEqual([]);
    await jobs.close();
  });
});

/** Nothing can be read from the folder or written to it, until what this answers is called. */
async function breakFolder(path: string): Promise<() => Promise<void>> {
  await rename(path, `${path}-away`);
  await writeFile(path, '');
  return async () => {
    await rm(path);
    await rename(`${path}-away`, path);
  };
}
