import { createHash } from 'node:crypto';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '@murmuration/pipeline/ports';
import { z } from 'zod';
import type { Claim, Idempotency } from '../api-ports.ts';
import { readJsonFile, writeJsonFile } from './json-file.ts';

const Kept = z.strictObject({ fingerprint: z.string(), id: z.string() });
const DAY_MILLISECONDS = 24 * 3600 * 1000;

/** A file for each key, kept for a day at least. One process alone may use the folder. */
export function folderIdempotency(folder: string, clock: Clock): Idempotency {
  const claims = join(folder, 'idempotency');
  let turn: Promise<unknown> = Promise.resolve();
  let sweptAt = Number.NEGATIVE_INFINITY;

  async function claim(key: string, fingerprint: string, id: string): Promise<Claim> {
    if (clock() - sweptAt > DAY_MILLISECONDS) {
      sweptAt = clock();
      await sweep(claims, clock() - 2 * DAY_MILLISECONDS);
    }
    const path = join(claims, `${createHash('sha256').update(key).digest('hex')}.json`);
    const kept = await readJsonFile(path, Kept);
    if (kept === undefined) {
      await writeJsonFile(path, { fingerprint, id });
      return { kind: 'new' };
    }
    return kept.fingerprint === fingerprint ? { kind: 'same', id: kept.id } : { kind: 'other' };
  }

  return {
    claim(...request) {
      // One after the other, so that of two equal requests one is first
      const claimed = turn.then(() => claim(...request));
      turn = claimed.catch(() => undefined);
      return claimed;
    },
  };
}

async function sweep(folder: string, before: number): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const path = join(folder, name);
    const found = await stat(path).catch(() => undefined);
    if (found !== undefined && found.mtimeMs < before) await rm(path, { force: true });
  }
}
