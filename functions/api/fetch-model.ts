import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MurmurationError } from '@murmuration/pipeline/errors';
import type { ObjectStore } from '@murmuration/pipeline/ports';

/** Copies a model's files, by their names, into a folder of this machine, and answers it. Who loads it checks their hashes. */
export async function fetchModel(
  files: Readonly<Record<string, string>>,
  store: ObjectStore,
): Promise<string> {
  const folder = join(tmpdir(), 'model');
  await mkdir(folder, { recursive: true });
  await Promise.all(
    Object.entries(files).map(async ([name, key]) => {
      const bytes = await store.read(key);
      if (bytes === undefined) {
        throw new MurmurationError('model-not-found', `"${key}" is not there: deploy the API again`);
      }
      await writeFile(join(folder, name), bytes);
    }),
  );
  return folder;
}
