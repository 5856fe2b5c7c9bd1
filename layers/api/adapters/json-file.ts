import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { MurmurationError } from '@murmuration/pipeline/errors';
import type { z } from 'zod';

/** One value in a file, written whole or not at all, for its owner's eyes. */
export async function writeJsonFile(path: string, value: unknown): Promise<void> {
  const draft = join(dirname(path), `.${randomUUID()}.tmp`);
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeFile(draft, JSON.stringify(value), { mode: 0o600, flag: 'wx' });
    await rename(draft, path);
  } catch (cause) {
    await rm(draft, { force: true }).catch(() => undefined);
    throw unavailable(path, cause);
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
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw unavailable(path, cause);
  }
}

function unavailable(path: string, cause: unknown): MurmurationError {
  const why = cause instanceof Error && 'code' in cause ? String(cause.code) : 'it is damaged';
  return new MurmurationError(
    'store-unavailable',
    `cannot use "${path}" (${why}): check the folder, or delete the file`,
    { cause },
  );
}
