import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { folderIdempotency } from '@murmuration/api/adapters/folder-idempotency';
import { changeKeys, folderKeyRing } from '@murmuration/api/adapters/folder-key-ring';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { soon } from '../soon.ts';
import { type ApiAdapters, apiAdaptersContract } from './api-adapters.ts';
import { openFolders, unreadable } from './open-folders.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'murmuration-adapters-'));
});
afterAll(() => rm(root, { recursive: true }));

describe('in folders', () => {
  apiAdaptersContract(async (clock): Promise<ApiAdapters> => {
    const { ledger, uploads, transcriber, jobs } = openFolders(root, { clock });
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
      async revokeKey({ hash }) {
        await changeKeys(keyFile, (keys) => keys.filter((key) => key.hash !== hash));
      },
      async send(owner, { id }, bytes) {
        async function* body() {
          yield bytes;
        }
        return [await uploads.receive(owner, id, body())];
      },
      read: (source) => readFile(source as string),
      async hear({ id, owner, key }, seconds, end) {
        await soon(() => expect(transcriber.heard).toHaveLength(1));
        const [work] = transcriber.heard;
        work!.onProgress(seconds);
        await soon(async () => expect(await ledger.spent(key)).toBe(seconds));
        if (end === 'done') work!.end.resolve();
        if (end === 'failed') work!.end.reject(unreadable());
        if (end === undefined) return;
        await soon(async () => expect((await jobs.get(owner, id))?.state).toBe(end));
        if (end === 'failed') await soon(async () => expect(await ledger.spent(key)).toBe(0));
      },
      close: () => jobs.close(),
    };
  });
});
