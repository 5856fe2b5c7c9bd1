import { mkdtemp, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memoryObjectStore } from '@murmuration/pipeline/adapters/memory-object-store';
import type { Manifest } from '@murmuration/whisper/manifest';
import { beforeEach, expect, it } from 'vitest';
import { fetchModel } from '../../../functions/transcribe-gpu/fetch-model.ts';
import { manifestOf, modelFolderOf } from '../../unit/factories/whisper-model.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'murmuration-fetched-'));
});

async function storeOf(models: Readonly<Record<string, Manifest>>) {
  const store = memoryObjectStore();
  for (const [prefix, manifest] of Object.entries(models)) {
    const from = await modelFolderOf(manifest);
    for (const name of await readdir(from))
      await store.write(`${prefix}${name}`, await readFile(join(from, name)));
  }
  return store;
}

const ladder = [{ model: 'whisper-large', averageLogprobBelow: -0.5 }];

it('copies a model, and those of its ladder inside it', async () => {
  const store = await storeOf({
    'models/small/': manifestOf({ ladder }),
    // Its own ladder is not climbed
    'models/small/ladder/whisper-large/': manifestOf({ id: 'whisper-large', ladder }),
  });
  await fetchModel(store, 'models/small', folder);
  const files = ['manifest.json', 'model.onnx', 'tokenizer.json'];
  expect((await readdir(folder)).sort()).toEqual(['ladder', ...files]);
  expect((await readdir(join(folder, 'ladder', 'whisper-large'))).sort()).toEqual(files);
});

it('says where a model of the ladder should be', async () => {
  const store = await storeOf({ 'models/small/': manifestOf({ ladder }) });
  await expect(fetchModel(store, 'models/small/', folder)).rejects.toMatchObject({
    code: 'model-not-found',
    message: expect.stringContaining('models/small/ladder/whisper-large/'),
  });
});
