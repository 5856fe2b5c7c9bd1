import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { findModel, listModels, modelFolders } from '@murmuration/whisper/model-registry';
import { beforeAll, expect, it } from 'vitest';
import { manifestOf, modelFolderOf } from './factories/whisper-model.ts';

let shelf: string;

beforeAll(async () => {
  const first = await modelFolderOf(manifestOf({ id: 'whisper-a' }));
  shelf = join(dirname(first), `${first.split('-').at(-1)}-shelf`);
  await mkdir(shelf);
  await rename(first, join(shelf, 'whisper-a'));
  await rename(await modelFolderOf(manifestOf({ id: 'whisper-b' })), join(shelf, 'whisper-b'));
  await mkdir(join(shelf, 'not-a-model'));
  await mkdir(join(shelf, 'broken'));
  await writeFile(join(shelf, 'broken', 'manifest.json'), '{');
});

it('lists what has a manifest, and says what is wrong with one that cannot be read', async () => {
  const models = await listModels([shelf, join(shelf, 'missing')]);
  expect(models.map((model) => ('manifest' in model ? model.manifest.id : model.problem))).toEqual([
    expect.stringContaining('manifest.json'),
    'whisper-a',
    'whisper-b',
  ]);
});

it('finds a model by its name and by its path', async () => {
  const folder = join(shelf, 'whisper-a');
  expect(await findModel('whisper-a', [shelf])).toBe(folder);
  expect(await findModel(folder, [])).toBe(folder);
});

it('names the models there are when it finds none', async () => {
  await expect(findModel('whisper-z', [shelf])).rejects.toMatchObject({
    code: 'model-not-found',
    message: expect.stringMatching(
      /no model "whisper-z": choose one of .*whisper-a, whisper-b, or give the path/,
    ),
  });
  await expect(findModel('..', [join(shelf, 'whisper-a')])).rejects.toMatchObject({
    code: 'model-not-found',
  });
});

it('looks in the folders of the environment before its own', () => {
  const folders = modelFolders({ MURMURATION_MODELS: '/models/mine:/models/yours' });
  expect(folders).toEqual([
    resolve('/models/mine'),
    resolve('/models/yours'),
    resolve(import.meta.dirname, '../../models/artifacts'),
  ]);
});
