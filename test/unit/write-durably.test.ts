import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { type FileHandle, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { folderIdempotency } from '@murmuration/api/adapters/folder-idempotency';
import { changeKeys } from '@murmuration/api/adapters/folder-key-ring';
import { folderLedger } from '@murmuration/api/adapters/folder-ledger';
import { folderUploads } from '@murmuration/api/adapters/folder-uploads';
import { webhookFiles } from '@murmuration/api/adapters/webhook-files';
import { webhookSecretFile } from '@murmuration/api/adapters/webhook-secret-file';
import { makeFolderDurably, writeDurably } from '@murmuration/api/adapters/write-durably';
import { resourceId } from '@murmuration/api/contract/resource-id';
import type { JobEvent } from '@murmuration/pipeline/contract/webhook-messages';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

let folder: string;
let sync: ReturnType<typeof vi.spyOn>;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'murmuration-durable-'));
  const handle = await open(folder, 'r');
  sync = vi.spyOn(Object.getPrototypeOf(handle) as FileHandle, 'sync');
  await handle.close();
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(folder, { recursive: true });
});

/** What was on the disk, by names, at each call for it to be written. */
function seenAtEachSync(): string[][] {
  const seen: string[][] = [];
  sync.mockImplementation(async () => {
    const texts = readdirSync(folder).map((name) => {
      const text = readFileSync(join(folder, name), 'utf8');
      return name === 'a.json' ? `a.json: ${text}` : `draft: ${text}`;
    });
    seen.push(texts.sort());
  });
  return seen;
}

describe('what is to outlive a power cut', () => {
  it('is on the disk before it takes the place of what was there, and so is the change of names', async () => {
    const path = join(folder, 'a.json');
    await writeFile(path, 'old');
    const seen = seenAtEachSync();
    await writeDurably(path, 'new');
    expect(seen).toEqual([['a.json: old', 'draft: new'], ['a.json: new']]);
  });

  it('leaves the old, and no draft, where it cannot be written', async () => {
    const path = join(folder, 'a.json');
    await writeFile(path, 'old');
    sync.mockRejectedValueOnce(Object.assign(new Error('no space'), { code: 'ENOSPC' }));
    await expect(writeDurably(path, 'new')).rejects.toMatchObject({ code: 'ENOSPC' });
    expect(readdirSync(folder)).toEqual(['a.json']);
    expect(await readFile(path, 'utf8')).toBe('old');
  });

  it('lies in folders that are on the disk, each in the one above', async () => {
    await makeFolderDurably(join(folder, 'a', 'b', 'c'));
    expect(sync).toHaveBeenCalledTimes(3);
    await makeFolderDurably(join(folder, 'a', 'b', 'c'));
    expect(sync).toHaveBeenCalledTimes(3);
    expect(existsSync(join(folder, 'a', 'b', 'c'))).toBe(true);
  });

  const key = { id: 'k', hash: '0'.repeat(64), owner: 'ann', createdAt: '2026-01-01T00:00:00.000Z' };
  const uuid = '00000000-0000-4000-8000-000000000000';
  const event: JobEvent = {
    kind: 'job-failed',
    jobId: resourceId('job', 1, uuid),
    sourceKey: 'uploads/api/0/a',
    state: 'failed',
    code: 'media-empty',
    reason: 'no samples are in it',
  };
  it.each<[string, () => Promise<unknown>]>([
    ['a key', () => changeKeys(join(folder, 'keys.json'), () => [key])],
    ['a booking', () => folderLedger(folder, Date.now).spend({ ...key, budgetSeconds: 9 }, 5)],
    ['a claim', () => folderIdempotency(folder, Date.now).claim('a', 'b', 'c')],
    ['a secret', () => webhookSecretFile(folder)],
    [
      'a webhook',
      () => webhookFiles(folder).add({ event, url: 'https://a.example', attempt: 1, reason: null }, 1),
    ],
  ])('%s', async (_, write) => {
    await write();
    // At least the file, its place, and the folder that was made for it or the lock's
    expect(sync.mock.calls.length).toBeGreaterThanOrEqual(2);
  });

  it('a booking is, before it counts against a budget; without one nobody waits for it', async () => {
    const disk = { isDone: (_: unknown): void => undefined };
    sync.mockImplementation(
      () =>
        new Promise((resolve) => {
          disk.isDone = resolve;
        }),
    );
    const ledger = folderLedger(folder, Date.now);
    expect(await ledger.spend(key, 5)).toBe(true);
    let isBooked = false;
    const limited = ledger.spend({ ...key, id: 'poor', budgetSeconds: 10 }, 5).then(() => {
      isBooked = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(isBooked).toBe(false);
    sync.mockResolvedValue(undefined);
    disk.isDone(undefined);
    await limited;
    expect(await ledger.spent(key)).toBe(5);
  });

  it('waits for the disk in one of the threads for files, and leaves the others to the engine', async () => {
    let [underWay, most] = [0, 0];
    sync.mockImplementation(async () => {
      underWay += 1;
      most = Math.max(most, underWay);
      await new Promise((resolve) => setTimeout(resolve, 2));
      underWay -= 1;
    });
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    await Promise.all(names.map((name) => writeDurably(join(folder, name), name)));
    expect(sync).toHaveBeenCalledTimes(2 * names.length);
    expect(most).toBe(1);
  });

  it('an upload', async () => {
    const uploads = folderUploads({ folder, clock: Date.now });
    const id = resourceId('upload', Date.now(), uuid);
    await uploads.create({ id, owner: 'ann', name: 'a', sizeBytes: 3 });
    sync.mockClear();
    async function* body() {
      yield Buffer.from('abc');
    }
    await uploads.receive('ann', id, body());
    // The recording, and its place
    expect(sync).toHaveBeenCalledTimes(2);
  });
});
