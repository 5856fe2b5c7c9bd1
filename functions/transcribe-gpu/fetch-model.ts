import { mkdir, open, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { MurmurationError } from '@murmuration/pipeline/errors';
import type { ObjectStore } from '@murmuration/pipeline/ports';
import { Manifest } from '@murmuration/whisper/manifest';

/** One connection to S3 gives about 90 MB/s; eight of them fill the network of a GPU instance's smaller sizes. */
const PART_BYTES = 16 << 20;
const PARTS_AT_ONCE = 8;

/**
 * Copies a model's files from `prefix` of the store into `folder`, and the models of its ladder, which lie in `ladder/` of
 * both, so that one permission and one folder hold all; whoever loads them checks them against their manifests, each of
 * which is written last. Throws `model-not-found`, `model-corrupt`, and what the store throws.
 */
export async function fetchModel(store: ObjectStore, prefix: string, folder: string): Promise<void> {
  const from = prefix.replace(/\/*$/, '/');
  const { ladder = [] } = await copyModel(store, from, folder);
  for (const { model } of ladder) {
    await copyModel(store, `${from}ladder/${model}/`, join(folder, 'ladder', model));
  }
}

async function copyModel(store: ObjectStore, from: string, folder: string): Promise<Manifest> {
  const text = await store.read(`${from}manifest.json`);
  if (text === undefined) {
    throw new MurmurationError(
      'model-not-found',
      `no model at "${from}": manifest.json is not there; copy a built model's folder to it`,
    );
  }
  const manifest = parse(text, from);
  await mkdir(folder, { recursive: true });
  for (const name of Object.keys(manifest.files)) {
    await fetchFile(store, `${from}${name}`, join(folder, name));
  }
  await writeFile(join(folder, 'manifest.json'), text);
  return manifest;
}

async function fetchFile(store: ObjectStore, key: string, path: string): Promise<void> {
  const source = await store.open(key);
  const file = await open(path, 'w');
  try {
    let next = 0;
    const copyParts = async () => {
      while (next < source.sizeBytes) {
        const start = next;
        next += PART_BYTES;
        const part = await source.read(start, Math.min(next, source.sizeBytes));
        await file.write(part, 0, part.length, start);
      }
    };
    await Promise.all(Array.from({ length: PARTS_AT_ONCE }, copyParts));
  } finally {
    await file.close();
  }
}

function parse(text: Uint8Array, from: string): Manifest {
  try {
    const manifest = Manifest.parse(JSON.parse(Buffer.from(text).toString('utf8')));
    // A name is data from elsewhere: it must not lead out of the folder
    if (Object.keys(manifest.files).every((name) => basename(name) === name)) return manifest;
  } catch {
    // Said below
  }
  throw new MurmurationError('model-corrupt', `"${from}manifest.json" is no manifest: build the model again`);
}
