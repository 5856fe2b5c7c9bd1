import { createHash, randomBytes } from 'node:crypto';
import { changeKeys, type KeyFile, readKeyFile } from '@murmuration/api/adapters/folder-key-ring';
import { type ApiKey, Owner } from '@murmuration/api/contract/api-key';
import { MurmurationError } from '@murmuration/pipeline/errors';
import { writeNote } from './report-failure.ts';
import { table } from './table.ts';
import { writeOut } from './write-out.ts';

export interface KeyOptions {
  readonly owner: string;
  readonly requestsPerMinute?: number;
  readonly budgetHours?: number;
  readonly expiresInDays?: number;
  readonly streamsAtOnce?: number;
}

/** Makes a key and prints it: nobody can print it again. Throws `invalid-argument`, `store-unavailable`. */
export async function createKey(
  path: string,
  { owner, requestsPerMinute, budgetHours, expiresInDays, streamsAtOnce }: KeyOptions,
): Promise<void> {
  const named = Owner.safeParse(owner);
  if (!named.success) {
    const why = named.error.issues[0]?.message;
    throw new MurmurationError('invalid-argument', `--owner is "${owner}": ${why}. choose another name`);
  }
  const secret = `mm_${randomBytes(32).toString('base64url')}`;
  const now = Date.now();
  const key: ApiKey = {
    id: `key_${randomBytes(6).toString('hex')}`,
    hash: createHash('sha256').update(secret).digest('hex'),
    owner,
    createdAt: new Date(now).toISOString(),
    ...(expiresInDays === undefined
      ? {}
      : { expiresAt: new Date(now + expiresInDays * 86_400_000).toISOString() }),
    ...(requestsPerMinute === undefined ? {} : { requestsPerMinute }),
    ...(budgetHours === undefined ? {} : { budgetSeconds: budgetHours * 3600 }),
    ...(streamsAtOnce === undefined ? {} : { streamsAtOnce }),
  };
  await changeKeys(path, (keys) => [...keys, key]);
  writeNote(`${key.id} of ${owner} is in ${path}; this is the key, shown this once:`);
  await writeOut(`${secret}\n`);
}

/** Prints what is known of the keys. */
export async function listKeys(path: string): Promise<void> {
  const { keys } = await readExisting(path);
  const header = ['ID', 'OWNER', 'CREATED', 'EXPIRES', 'REQUESTS/MIN', 'HOURS/MONTH'];
  const rows = keys.map((key) => [
    key.id,
    key.owner,
    key.createdAt.slice(0, 10),
    key.expiresAt?.slice(0, 10) ?? 'never',
    `${key.requestsPerMinute ?? 'any'}`,
    `${key.budgetSeconds === undefined ? 'any' : key.budgetSeconds / 3600}`,
  ]);
  await writeOut(table([header, ...rows]));
}

/** Takes a key out of the file. Throws `file-not-found`. */
export async function revokeKey(path: string, id: string): Promise<void> {
  await readExisting(path);
  await changeKeys(path, (keys) => {
    const left = keys.filter((key) => key.id !== id);
    if (left.length < keys.length) return left;
    throw new MurmurationError(
      'file-not-found',
      `there is no key "${id}" in ${path}: see "murmuration keys list"`,
    );
  });
  writeNote(`${id} is refused from now on`);
}

async function readExisting(path: string): Promise<KeyFile> {
  const file = await readKeyFile(path);
  if (file.keys.length > 0) return file;
  throw new MurmurationError(
    'file-not-found',
    `no key is in "${path}": make one with "murmuration keys create"`,
  );
}
