import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { refuseLearnt } from '../../functions/cli/eval/refuse-learnt.ts';

const EMBEDDED = new URL('../../models/artifacts/whisper-tiny.en-int8/manifest.json', import.meta.url);
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const reference = (file: string) => ({ file, path: join(folder, file), text: 'said' });

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'murmuration-learnt-'));
  await writeFile(join(folder, 'known.wav'), 'what was learnt');
  await writeFile(join(folder, 'other.wav'), 'something else');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A model that has learnt from two clips. */
async function writeModel({ list = learntList(), told = '', recipe = {} } = {}): Promise<void> {
  const manifest = JSON.parse(await readFile(EMBEDDED, 'utf8'));
  if (list !== '')
    manifest.files['trained-on.txt'] = { sha256: sha256(told || list), sizeBytes: list.length };
  await writeFile(join(folder, 'trained-on.txt'), list);
  await writeFile(join(folder, 'manifest.json'), JSON.stringify({ ...manifest, ...recipe }));
}

function learntList(): string {
  return `${sha256('what was learnt').slice(0, 16)} clip.wav\n${'0'.repeat(16)} a long name.wav\n`;
}

describe('eval of a model that was trained', () => {
  it('takes recordings that it does not know, and leaves it to others to say that one is missing', async () => {
    await writeModel();
    await expect(
      refuseLearnt([reference('other.wav'), reference('missing.wav')], folder),
    ).resolves.toBeUndefined();
  });

  it.each([
    ['known.wav', 'has learnt from "known.wav"'],
    ['a long name.wav', 'has learnt from a file called "a long name.wav"'],
  ])('refuses %s', async (file, message) => {
    await writeModel();
    await expect(refuseLearnt([reference('other.wav'), reference(file)], folder)).rejects.toThrow(message);
  });

  it('refuses a list that was changed, is broken or is missing', async () => {
    await writeModel({ told: 'another list' });
    await expect(refuseLearnt([], folder)).rejects.toThrow('is not the one that its manifest describes');
    await writeModel({ list: 'no list\n' });
    await expect(refuseLearnt([], folder)).rejects.toThrow('is not the one that its manifest describes');
    await writeModel({ list: '', recipe: { recipe: { steps: [], trainedOn: '1'.repeat(64) } } });
    await expect(refuseLearnt([], folder)).rejects.toThrow('has no trained-on.txt');
  });

  it('has nothing to refuse for a model that was not trained here', async () => {
    await writeModel({ list: '' });
    await expect(refuseLearnt([reference('known.wav')], folder)).resolves.toBeUndefined();
  });
});
