import { randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { systemCode } from '@murmuration/pipeline/errors';
import pLimit from 'p-limit';

/** Node has four threads for files, and engines run in them too: a disk that hangs takes one of them, not all. */
const oneAtATime = pLimit(1);
const sync = (file: FileHandle) => oneAtATime(() => file.sync());

/** Writes a file whole or not at all, also where the power fails: what was there before is there, or all of `text` is. */
export async function writeDurably(
  path: string,
  text: string,
  { mode = 0o666 }: { readonly mode?: number } = {},
): Promise<void> {
  // Beside the target, since only within one file system is a rename atomic
  const draft = join(dirname(path), `.${randomUUID()}.tmp`);
  try {
    const file = await open(draft, 'wx', mode);
    try {
      await file.writeFile(text);
      // Else a rename may reach the disk before the content does
      await sync(file);
    } finally {
      await file.close();
    }
    await renameDurably(draft, path);
  } catch (error) {
    await rm(draft, { force: true }).catch(() => undefined);
    throw error;
  }
}

/** Brings what was written to a file onto the disk, and then puts it in its place. */
export async function placeDurably(from: string, to: string): Promise<void> {
  const file = await open(from, 'r+');
  await sync(file).finally(() => file.close());
  await renameDurably(from, to);
}

/** The content of `from` is already on the disk. */
export async function renameDurably(from: string, to: string): Promise<void> {
  await rename(from, to);
  for (const folder of new Set([dirname(to), dirname(from)])) await syncFolder(folder);
}

/** Removes a file, if it is there: it does not come back when the power fails. */
export async function removeDurably(path: string): Promise<void> {
  await rm(path, { force: true });
  await syncFolder(dirname(path));
}

/** Makes a folder for its owner alone, with those above it. */
export async function makeFolderDurably(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  const above = dirname(resolve(first));
  for (let made = resolve(folder); made !== above; made = dirname(made)) await syncFolder(dirname(made));
}

/** Where a folder is gone, or cannot be opened or synchronized, its entries are written when the system likes. */
const unsupported = ['ENOENT', 'EACCES', 'EPERM', 'EISDIR', 'EINVAL', 'ENOTSUP'];

async function syncFolder(path: string): Promise<void> {
  try {
    const folder = await open(path, 'r');
    await sync(folder).finally(() => folder.close());
  } catch (error) {
    if (!unsupported.includes(systemCode(error) ?? '')) throw error;
  }
}
