import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { MurmurationError } from '@murmuration/pipeline/errors';
import { z } from 'zod';
import { Manifest } from './manifest.ts';

/** A model folder whose files were all checked. */
export interface Model {
  readonly folder: string;
  readonly manifest: Manifest;
  readonly graphPath: string;
  readonly tokenizerPath: string;
}

const REBUILD = 'build the model again with "npm run model -- build", or copy the folder anew';

/**
 * Reads a model folder and checks each file's size and sha256 against the manifest.
 * Throws `model-not-found` where there is no manifest, `model-corrupt` where anything differs from it.
 */
export async function loadModel(folder: string): Promise<Model> {
  const manifest = await readManifest(folder);
  for (const name of [manifest.graph.file, 'tokenizer.json']) {
    if (!Object.hasOwn(manifest.files, name)) {
      throw corrupt(folder, 'manifest.json', `files to list ${name}`, Object.keys(manifest.files).join(', '));
    }
  }
  for (const [name, expected] of Object.entries(manifest.files)) {
    await checkFile(folder, name, expected);
  }
  return {
    folder,
    manifest,
    graphPath: join(folder, manifest.graph.file),
    tokenizerPath: join(folder, 'tokenizer.json'),
  };
}

/** Reads and parses `manifest.json` alone; the other files stay unread. */
export async function readManifest(folder: string): Promise<Manifest> {
  const path = join(folder, 'manifest.json');
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new MurmurationError(
      'model-not-found',
      `no model in "${folder}": manifest.json cannot be read; give the folder of a built model, or a name from "murmuration models list"`,
      { details: { folder }, cause },
    );
  });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw corrupt(folder, 'manifest.json', 'JSON', `${text.length} characters that are not`, cause);
  }
  const parsed = Manifest.safeParse(json);
  if (!parsed.success) {
    const found = z.prettifyError(parsed.error).replaceAll('\n', ' ');
    throw corrupt(folder, 'manifest.json', 'a manifest of format 1', found, parsed.error);
  }
  return parsed.data;
}

async function checkFile(folder: string, name: string, expected: Manifest['files'][string]): Promise<void> {
  // A manifest is data from elsewhere: it must not lead the hash, or the engine, out of its folder
  if (basename(name) !== name) throw corrupt(folder, 'manifest.json', 'plain file names', `"${name}"`);
  const path = join(folder, name);
  const found = await stat(path).catch((cause: unknown) => {
    throw corrupt(folder, name, 'a readable file', 'none', cause);
  });
  if (found.size !== expected.sizeBytes) {
    throw corrupt(folder, name, `${expected.sizeBytes} bytes`, `${found.size} bytes`);
  }
  const hash = createHash('sha256');
  // 1 MiB blocks: the default of 64 KiB halves the speed on a 1.6 GB graph
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  const sha256 = hash.digest('hex');
  if (sha256 !== expected.sha256)
    throw corrupt(folder, name, `sha256 ${expected.sha256}`, `sha256 ${sha256}`);
}

function corrupt(
  folder: string,
  file: string,
  expected: string,
  found: string,
  cause?: unknown,
): MurmurationError {
  return new MurmurationError(
    'model-corrupt',
    `model file ${file} in "${folder}" is damaged: expected ${expected}, found ${found}; ${REBUILD}`,
    { details: { folder, file, expected, found }, cause },
  );
}
