import { appendFile, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadModel } from '@murmuration/whisper/load-model';
import { expect, it } from 'vitest';
import { manifestOf, modelFolderOf } from './factories/whisper-model.ts';

it('loads a folder whose files are as the manifest says', async () => {
  const folder = await modelFolderOf();
  const model = await loadModel(folder);
  expect(model).toMatchObject({
    folder,
    graphPath: join(folder, 'model.onnx'),
    tokenizerPath: join(folder, 'tokenizer.json'),
  });
  expect(model.manifest.id).toBe('whisper-toy');
});

it('names a folder that holds no model', async () => {
  await expect(loadModel('/nowhere/whisper')).rejects.toMatchObject({
    code: 'model-not-found',
    message: expect.stringMatching(/"\/nowhere\/whisper".*models list/),
  });
});

it('tells one changed byte by its hash', async () => {
  const folder = await modelFolderOf();
  await writeFile(join(folder, 'model.onnx'), 'not a grapH');
  await expect(loadModel(folder)).rejects.toMatchObject({
    code: 'model-corrupt',
    message: expect.stringMatching(
      /model\.onnx.*expected sha256 [0-9a-f]{64}, found sha256 [0-9a-f]{64}; build/,
    ),
  });
});

it('tells a truncated file by its size', async () => {
  const folder = await modelFolderOf();
  await appendFile(join(folder, 'model.onnx'), '!');
  await expect(loadModel(folder)).rejects.toMatchObject({
    code: 'model-corrupt',
    message: expect.stringContaining('expected 11 bytes, found 12 bytes'),
  });
});

it('tells which file is missing', async () => {
  const folder = await modelFolderOf();
  await rm(join(folder, 'tokenizer.json'));
  await expect(loadModel(folder)).rejects.toMatchObject({
    code: 'model-corrupt',
    details: { folder, file: 'tokenizer.json', expected: 'a readable file', found: 'none' },
  });
});

it('says which field of the manifest is wrong', async () => {
  const folder = await modelFolderOf({ ...manifestOf(), id: 'Not A Name' });
  await expect(loadModel(folder)).rejects.toMatchObject({
    code: 'model-corrupt',
    message: expect.stringMatching(/manifest\.json.*id/),
  });
});

it('refuses a manifest that is cut off', async () => {
  const folder = await modelFolderOf();
  const path = join(folder, 'manifest.json');
  await writeFile(path, (await readFile(path, 'utf8')).slice(0, 100));
  await expect(loadModel(folder)).rejects.toMatchObject({ code: 'model-corrupt' });
});

it('refuses a manifest that does not vouch for its graph', async () => {
  const folder = await modelFolderOf();
  const path = join(folder, 'manifest.json');
  const manifest = JSON.parse(await readFile(path, 'utf8'));
  await writeFile(path, JSON.stringify({ ...manifest, graph: { ...manifest.graph, file: 'other.onnx' } }));
  await expect(loadModel(folder)).rejects.toMatchObject({ code: 'model-corrupt' });
});

it('refuses a manifest that points out of its folder', async () => {
  const folder = await modelFolderOf();
  const path = join(folder, 'manifest.json');
  const manifest = JSON.parse(await readFile(path, 'utf8'));
  manifest.files['../tokenizer.json'] = manifest.files['tokenizer.json'];
  await writeFile(path, JSON.stringify(manifest));
  await expect(loadModel(folder)).rejects.toMatchObject({
    code: 'model-corrupt',
    message: expect.stringContaining('expected plain file names'),
  });
});
