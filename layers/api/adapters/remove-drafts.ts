import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Deletes what `writeDurably` and uploads had not finished when a process was killed: nobody reads it, and it may hold words. */
export async function removeDrafts(folder: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (!/^\.[0-9a-f-]{36}\.tmp$/.test(entry.name)) continue;
    await rm(join(entry.parentPath, entry.name), { recursive: true, force: true });
  }
}
