import { mkdir, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEngine } from '@murmuration/whisper/engine';
import { expect, it } from 'vitest';
import { recording, tinyModel } from './recordings.ts';

/** The embedded model under another name: a ladder's second model, as real as the first. */
async function secondModel(): Promise<string> {
  const folder = join(await mkdtemp(join(tmpdir(), 'murmuration-second-')), 'whisper-second');
  await mkdir(folder);
  for (const file of ['model.onnx', 'tokenizer.json'])
    await symlink(join(tinyModel, file), join(folder, file));
  const manifest = JSON.parse(await readFile(join(tinyModel, 'manifest.json'), 'utf8'));
  await writeFile(join(folder, 'manifest.json'), JSON.stringify({ ...manifest, id: 'whisper-second' }));
  return folder;
}

it('hears again, with a second real model, only what the first is not sure of', async () => {
  const clips = [await recording('jfk.flac'), await recording('hotwords.mp3')];
  const alone = await createEngine({ modelFolder: tinyModel });
  const expected = await alone.transcribe(clips, { words: true });
  await alone.close();
  const [sure, unsure] = expected.map(({ avgLogprob }) => avgLogprob);
  expect(sure).toBeGreaterThan(unsure!);

  const ladder = [{ model: await secondModel(), averageLogprobBelow: (sure! + unsure!) / 2 }];
  const engine = await createEngine({ modelFolder: tinyModel, ladder });
  const heard = await engine.transcribe(clips, { words: true });
  await engine.close();
  expect(heard[0]).toEqual(expected[0]);
  expect(heard[1]).toEqual({
    ...expected[1],
    model: 'whisper-second',
    fallbacks: [{ context: 'short', temperature: 0, reason: 'avg-logprob' }],
  });
});
