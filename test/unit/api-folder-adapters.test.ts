import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { folderLedger } from '@murmuration/api/adapters/folder-ledger';
import { folderUploads } from '@murmuration/api/adapters/folder-uploads';
import { removeDrafts } from '@murmuration/api/adapters/remove-drafts';
import type { ApiKey } from '@murmuration/api/contract/api-key';
import { resourceId } from '@murmuration/api/contract/resource-id';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

let folder: string;
let now: number;
const clock = () => now;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'murmuration-api-'));
  now = Date.parse('2026-11-24T12:00:00Z');
});
afterEach(() => rm(folder, { recursive: true }));

const keyOf = (limits: Partial<ApiKey> = {}): ApiKey => ({
  id: 'key_1',
  hash: '0'.repeat(64),
  owner: 'ann',
  createdAt: '2026-01-01T00:00:00.000Z',
  ...limits,
});

describe('the ledger', () => {
  it('lets a rate through, and again what time has won back', async () => {
    const ledger = folderLedger(folder, clock);
    const key = keyOf({ requestsPerMinute: 2 });
    expect(await ledger.admit(key)).toBeUndefined();
    expect(await ledger.admit(key)).toBeUndefined();
    expect(await ledger.admit(key)).toBe(30);
    now += 30_000;
    expect(await ledger.admit(key)).toBeUndefined();
    expect(await ledger.admit(key)).toBeGreaterThan(0);
  });

  it('remembers over a restart, and begins anew with the month', async () => {
    const key = keyOf({ budgetSeconds: 10 });
    expect(await folderLedger(folder, clock).spend(key, 8)).toBe(true);
    const again = folderLedger(folder, clock);
    expect(await again.spend(key, 8)).toBe(false);
    now = Date.parse('2026-12-01T00:00:00Z');
    expect(await again.spend(key, 8)).toBe(true);
  });
});

describe('an upload', () => {
  it("is its owner's alone, and gone after a day", async () => {
    const uploads = folderUploads({ folder, clock });
    const id = resourceId('upload', now, '00000000-0000-4000-8000-000000000000');
    await uploads.create({ id, owner: 'ann', name: 'a.mp3', sizeBytes: 3 });
    async function* body() {
      yield Buffer.from('abc');
    }
    await expect(uploads.receive('bob', id, body())).rejects.toMatchObject({ code: 'not-found' });
    await uploads.receive('ann', id, body());
    expect((await uploads.open('ann', id)).name).toBe('a.mp3');
    now += 25 * 3600 * 1000;
    await expect(uploads.open('ann', id)).rejects.toMatchObject({ code: 'not-found' });
  });

  it('is not taken for a remnant while it is created, however many are', async () => {
    const uploads = folderUploads({ folder, clock });
    const ids = Array.from({ length: 50 }, () => resourceId('upload', now, randomUUID()));
    let isCreated = false;
    const created = Promise.all(
      ids.map((id) => uploads.create({ id, owner: 'ann', name: 'a.mp3', sizeBytes: 3 })),
    ).finally(() => {
      isCreated = true;
    });
    while (!isCreated) await uploads.sweep();
    await created;
    expect((await readdir(join(folder, 'uploads'))).sort()).toEqual(ids.sort());
  });

  it('that broke off leaves nothing: not half created after a start, not half removed after a sweep', async () => {
    const uploads = folderUploads({ folder, clock });
    const id = resourceId('upload', now, randomUUID());
    await uploads.create({ id, owner: 'ann', name: 'a.mp3', sizeBytes: 3 });
    const path = join(folder, 'uploads', id);
    await rename(path, join(folder, 'uploads', `.${randomUUID()}.tmp`));
    await mkdir(path);
    await writeFile(join(path, 'media'), 'abc');
    await uploads.sweep();
    expect(await readdir(join(folder, 'uploads'))).toHaveLength(1);
    await removeDrafts(folder);
    expect(await readdir(join(folder, 'uploads'))).toEqual([]);
  });

  it.each(['../../etc', 'upload_', `upload_${'g'.repeat(44)}`])('is not looked for at %j', async (id) => {
    await expect(folderUploads({ folder, clock }).open('ann', id)).rejects.toMatchObject({
      code: 'not-found',
    });
  });
});
