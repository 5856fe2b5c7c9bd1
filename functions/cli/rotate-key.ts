import { changeKeys } from '@murmuration/api/adapters/folder-key-ring';
import type { ApiKey } from '@murmuration/api/contract/api-key';
import { unknownKey } from './keys.ts';
import { newSecret } from './new-secret.ts';
import { writeNote } from './report-failure.ts';
import { writeOut } from './write-out.ts';

/**
 * Makes another secret for a key and prints it; the former one goes on until it is revoked. Both are one key: what it has
 * used, its budget, its rate and its streams are counted by its id. Throws `file-not-found`, `store-unavailable`.
 */
export async function rotateKey(
  path: string,
  id: string,
  { expiresInDays }: { readonly expiresInDays?: number },
): Promise<void> {
  const { secret, hash } = newSecret();
  const now = Date.now();
  await changeKeys(path, (keys) => {
    const former = keys.findLast((key) => key.id === id);
    if (former === undefined) throw unknownKey(path, id);
    const next: ApiKey = { ...former, hash, createdAt: new Date(now).toISOString() };
    if (expiresInDays === undefined) return [...keys, next];
    return [...keys, { ...next, expiresAt: new Date(now + expiresInDays * 86_400_000).toISOString() }];
  });
  writeNote(
    `${id} has another secret, shown this once; the former one is good until "murmuration keys revoke ${path} ${id} --former":`,
  );
  await writeOut(`${secret}\n`);
}
