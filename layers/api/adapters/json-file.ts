import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { MurmurationError, systemCode } from '@murmuration/pipeline/errors';
import type { z } from 'zod';
import { makeFolderDurably, writeDurably } from './write-durably.ts';

/** One value in a file, for its owner's eyes: on the disk, whole, when the promise is kept. Throws `store-unavailable`. */
export async function writeJsonFile(path: string, value: unknown): Promise<void> {
  try {
    await makeFolderDurably(dirname(path));
    await writeDurably(path, JSON.stringify(value), { mode: 0o600 });
  } catch (cause) {
    throw fileUnavailable(path, cause);
  }
}

/** Undefined where there is none. Throws `store-unavailable` where it cannot be read or is none of ours. */
export async function readJsonFile<Schema extends z.ZodType>(
  path: string,
  schema: Schema,
): Promise<z.output<Schema> | undefined> {
  try {
    return schema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') return undefined;
    throw fileUnavailable(path, cause);
  }
}

/** A file of ours that cannot be used, as our error. */
export function fileUnavailable(path: string, cause: unknown): MurmurationError {
  const why = systemCode(cause) ?? 'it is damaged';
  return new MurmurationError(
    'store-unavailable',
    `cannot use "${path}" (${why}): check the folder, or delete the file`,
    { cause },
  );
}
