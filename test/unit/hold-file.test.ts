import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { changeKeys, readKeyFile } from '@murmuration/api/adapters/folder-key-ring';
import { whileHolding } from '@murmuration/api/adapters/hold-file';
import { webhookSecretFile } from '@murmuration/api/adapters/webhook-secret-file';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'murmuration-hold-'));
  path = join(folder, 'keys.json');
});
afterEach(() => rm(folder, { recursive: true }));

const keyOf = (id: string) => ({
  id,
  hash: '0'.repeat(64),
  owner: 'ann',
  createdAt: '2026-01-01T00:00:00.000Z',
});

/** The id of a process that is no more. */
async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ['-e', '0']);
  await once(child, 'close');
  return child.pid!;
}

const lockOf = (pid: number, host = hostname()) =>
  writeFile(`${path}.lock`, JSON.stringify({ host, pid, turn: 'other' }));

describe('a file that several change', () => {
  it('loses no change of those that come at once, and leaves nothing beside it', async () => {
    const ids = Array.from({ length: 30 }, (_, index) => `key_${index}`);
    await Promise.all(ids.map((id) => changeKeys(path, (keys) => [...keys, keyOf(id)])));
    expect((await readKeyFile(path)).keys.map(({ id }) => id).sort()).toEqual([...ids].sort());
    expect(await readdir(folder)).toEqual(['keys.json']);
  });

  it('can be changed where the one who held it was killed, by one after the other', async () => {
    await lockOf(await deadPid());
    const ids = ['a', 'b', 'c', 'd', 'e'];
    await Promise.all(ids.map((id) => changeKeys(path, (keys) => [...keys, keyOf(id)])));
    expect((await readKeyFile(path)).keys.map(({ id }) => id).sort()).toEqual(ids);
    expect(await readdir(folder)).toEqual(['keys.json']);
  });

  it.each([
    ['is at work', () => lockOf(process.pid)],
    ['may be, on another machine', async () => lockOf(await deadPid(), 'elsewhere')],
    ['has only begun', () => writeFile(`${path}.lock`, '')],
  ])('is left alone while another %s', async (_, hold) => {
    await hold();
    const work = () => Promise.reject(new Error('it was done'));
    await expect(whileHolding(path, work, { waitSeconds: 0.1 })).rejects.toMatchObject({
      code: 'store-unavailable',
      message: `"${path}" is being changed by another process: try again, or delete "${path}.lock" where there is none`,
    });
  });

  it('is let go where the change fails', async () => {
    const fail = () => Promise.reject(new Error('no'));
    await expect(whileHolding(path, fail)).rejects.toThrow('no');
    expect(await whileHolding(path, async () => 'yes')).toBe('yes');
  });

  it('has one secret, whoever asks first', async () => {
    const secrets = await Promise.all(Array.from({ length: 10 }, () => webhookSecretFile(folder)));
    expect(new Set(secrets).size).toBe(1);
    expect(await readFile(join(folder, 'webhooks', 'secret.json'), 'utf8')).toContain(secrets[0]);
  });
});
