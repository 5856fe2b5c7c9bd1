import type { Dirent } from 'node:fs';
import { lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Older drafts are of processes that died: none is written for an hour. */
const DRAFT_MILLISECONDS = 3_600_000;

export interface SweepLimits {
  readonly maxBytes: number;
  readonly ttlMilliseconds: number;
  readonly nowMilliseconds: number;
}

/**
 * Removes entries that are too old, then those that were not used the longest until the rest fits with a tenth to
 * spare; answers the bytes that are left. Files that are not the cache's own stay where they are.
 */
export async function sweepFolder(folder: string, limits: SweepLimits): Promise<number> {
  const entries: { path: string; sizeBytes: number; usedAt: number }[] = [];
  for (const shard of await list(folder)) {
    if (!shard.isDirectory() || !/^[0-9a-f]{2}$/.test(shard.name)) continue;
    for (const file of await list(join(folder, shard.name))) {
      const isDraft = /^\.[0-9a-f-]{36}\.tmp$/.test(file.name);
      if (!file.isFile() || !(isDraft || /^[0-9a-f]{64}\.json$/.test(file.name))) continue;
      const path = join(folder, shard.name, file.name);
      const found = await lstat(path).catch(() => undefined);
      // Another process swept it first
      if (found === undefined) continue;
      const age = limits.nowMilliseconds - found.mtimeMs;
      if (age >= (isDraft ? DRAFT_MILLISECONDS : limits.ttlMilliseconds)) await remove(path);
      else if (!isDraft) entries.push({ path, sizeBytes: found.size, usedAt: found.mtimeMs });
    }
  }
  let totalBytes = entries.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  if (totalBytes <= limits.maxBytes) return totalBytes;
  for (const { path, sizeBytes } of entries.sort((a, b) => a.usedAt - b.usedAt)) {
    if (totalBytes <= limits.maxBytes * 0.9) break;
    await remove(path);
    totalBytes -= sizeBytes;
  }
  return totalBytes;
}

const list = (folder: string): Promise<Dirent[]> =>
  readdir(folder, { withFileTypes: true }).catch((): Dirent[] => []);
const remove = (path: string) => rm(path, { force: true }).catch(() => undefined);
