import { stat } from 'node:fs/promises';
import { z } from 'zod';
import type { KeyRing } from '../api-ports.ts';
import { ApiKey } from '../contract/api-key.ts';
import { whileHolding } from './hold-file.ts';
import { readJsonFile, writeJsonFile } from './json-file.ts';

/** What `murmuration keys` writes. */
const KeyFile = z.strictObject({ keys: z.array(ApiKey) });
export type KeyFile = z.infer<typeof KeyFile>;

/** Empty where there is no such file. Throws `store-unavailable`. */
export async function readKeyFile(path: string): Promise<KeyFile> {
  return (await readJsonFile(path, KeyFile)) ?? { keys: [] };
}

/** Changes the keys in a file, one process after the other. Throws `store-unavailable`, and what `change` throws. */
export async function changeKeys(
  path: string,
  change: (keys: readonly ApiKey[]) => readonly ApiKey[],
): Promise<void> {
  await whileHolding(path, async () => {
    await writeJsonFile(path, { keys: change((await readKeyFile(path)).keys) });
  });
}

/** Keys in a file, which is read anew when it was written to: a key is given and taken while the server runs. */
export function folderKeyRing(path: string): KeyRing {
  let byHash = new Map<string, ApiKey>();
  let seen: string | undefined;

  async function refresh(): Promise<void> {
    const found = await stat(path).catch(() => undefined);
    const version = found === undefined ? 'none' : `${found.mtimeMs} ${found.size} ${found.ino}`;
    if (version === seen) return;
    const { keys } = await readKeyFile(path);
    byHash = new Map(keys.map((key) => [key.hash, key]));
    seen = version;
  }

  return {
    async find(hash) {
      await refresh();
      return byHash.get(hash);
    },
  };
}
