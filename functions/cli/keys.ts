import { randomBytes } from 'node:crypto';
import { changeKeys, type KeyFile, readKeyFile } from '@murmuration/api/adapters/folder-key-ring';
import { type ApiKey, Owner } from '@murmuration/api/contract/api-key';
import { MurmurationError } from '@murmuration/pipeline/errors';
import { newSecret } from './new-secret.ts';
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
  const { secret, hash } = newSecret();
  const now = Date.now();
  const key: ApiKey = {
    id: `key_${randomBytes(6).toString('hex')}`,
    hash,
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

/** Prints what is known of the keys; one that was rotated and not yet revoked has a line for each secret. */
export async function listKeys(path: string): Promise<void> {
  const { keys } = await readExisting(path);
  const header = ['ID', 'OWNER', 'CREATED', 'EXPIRES', 'REQUESTS/MIN', 'HOURS/MONTH', 'SECRET'];
  const rows = keys.map((key) => [
    key.id,
    key.owner,
    key.createdAt.slice(0, 10),
    key.expiresAt?.slice(0, 10) ?? 'never',
    `${key.requestsPerMinute ?? 'any'}`,
    `${key.budgetSeconds === undefined ? 'any' : key.budgetSeconds / 3600}`,
    isFormer(key, keys) ? 'former' : 'current',
  ]);
  await writeOut(table([header, ...rows]));
}

/** Takes a key out of the file, or with `former` what it was before it was rotated. Throws `file-not-found`. */
export async function revokeKey(
  path: string,
  id: string,
  { former = false }: { readonly former?: boolean },
): Promise<void> {
  await readExisting(path);
  await changeKeys(path, (keys) => {
    const left = keys.filter((key) => key.id !== id || (former && !isFormer(key, keys)));
    if (left.length < keys.length) return left;
    throw former ? noFormer(path, id) : unknownKey(path, id);
  });
  writeNote(former ? `the former secret of ${id} is refused from now on` : `${id} is refused from now on`);
}

/** Whether another secret came after it. */
const isFormer = (key: ApiKey, keys: readonly ApiKey[]) => keys.findLast(({ id }) => id === key.id) !== key;

export const unknownKey = (path: string, id: string): MurmurationError =>
  new MurmurationError('file-not-found', `there is no key "${id}" in ${path}: see "murmuration keys list"`);

const noFormer = (path: string, id: string) =>
  new MurmurationError(
    'file-not-found',
    `no key "${id}" in ${path} has a former secret: see "murmuration keys list"`,
  );

async function readExisting(path: string): Promise<KeyFile> {
  const file = await readKeyFile(path);
  if (file.keys.length > 0) return file;
  throw new MurmurationError(
    'file-not-found',
    `no key is in "${path}": make one with "murmuration keys create"`,
  );
}
