import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { refuseUnverified } from '../../../functions/transcribe-gpu/refuse-unverified.ts';
import { tinyModel } from '../../engine/recordings.ts';
import { manifestOf, modelFolderOf } from '../../unit/factories/whisper-model.ts';
import { startServer } from './start-server.ts';

const verified = { reference: 'r', clips: 1, clipsEqual: 1, tokenErrorPercent: 0, tolerancePercent: 1 };
let unverified: string;

beforeAll(async () => {
  unverified = await mkdtemp(join(tmpdir(), 'unverified-'));
  const manifest = JSON.parse(await readFile(join(tinyModel, 'manifest.json'), 'utf8'));
  for (const name of Object.keys(manifest.files))
    await symlink(join(tinyModel, name), join(unverified, name));
  await writeFile(join(unverified, 'manifest.json'), JSON.stringify({ ...manifest, verified: null }));
});
afterAll(() => rm(unverified, { recursive: true }));

it('is served by nobody: the server says which it is and what to do, and ends with 1', async () => {
  const server = startServer({ MODEL_FOLDER: unverified });
  expect(await server.ended).toBe(1);
  expect(server.lines.join()).toMatch(
    /whisper-tiny.en-int8 is not verified: run .*verify whisper-tiny.en-int8/,
  );
});

it('is served where it is allowed by name', async () => {
  const server = startServer({ MODEL_FOLDER: unverified, UNVERIFIED_MODELS: 'allow' });
  expect(await server.ready()).toMatchObject({ model: 'whisper-tiny.en-int8' });
  server.kill('SIGKILL');
});

it('is refused in a ladder too, and a verified one is not', async () => {
  const ladder = [{ model: 'whisper-large', averageLogprobBelow: -0.5 }];
  const folder = await modelFolderOf(manifestOf({ verified, ladder }));
  const large = async (value: typeof verified | null) => {
    const place = join(folder, 'ladder', 'whisper-large');
    await mkdir(place, { recursive: true });
    await cp(await modelFolderOf(manifestOf({ id: 'whisper-large', verified: value })), place, {
      recursive: true,
    });
  };
  await large(null);
  await expect(refuseUnverified(folder)).rejects.toMatchObject({
    code: 'invalid-argument',
    message: expect.stringContaining('model whisper-large is not verified'),
  });
  await large(verified);
  await refuseUnverified(folder);
});

it('of a GPU is to be verified on one', async () => {
  const graph = { ...manifestOf().graph, target: 'cuda' as const };
  const folder = await modelFolderOf(manifestOf({ graph }));
  await expect(refuseUnverified(folder)).rejects.toThrow(/on a machine with a GPU/);
});
