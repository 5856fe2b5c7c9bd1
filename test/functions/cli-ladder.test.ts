import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Transcript } from '@murmuration/pipeline/contract/transcript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixture, runCli } from './run-cli.ts';

const embedded = fileURLToPath(new URL('../../models/artifacts/whisper-tiny.en-int8', import.meta.url));
const first = 'whisper-tiny.en-int8';
const jfk = fixture('jfk.flac');

/** A copy of the embedded model under another name, with what its manifest says of it changed. */
async function copyModel(folder: string, changed: object): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const name of await readdir(embedded)) {
    if (name !== 'manifest.json') await symlink(join(embedded, name), join(folder, name));
  }
  const manifest = JSON.parse(await readFile(join(embedded, 'manifest.json'), 'utf8')) as object;
  await writeFile(join(folder, 'manifest.json'), JSON.stringify({ ...manifest, ...changed }));
}

let models: string;
beforeAll(async () => {
  models = await mkdtemp(join(tmpdir(), 'murmuration-ladder-'));
  await copyModel(join(models, 'second'), { id: 'second' });
  await copyModel(join(models, 'climbing'), {
    id: 'climbing',
    ladder: [{ model: 'second', averageLogprobBelow: 0 }],
  });
});
afterAll(() => rm(models, { recursive: true }));

const run = (...args: string[]) =>
  runCli(['transcribe', jfk, '--no-cache', ...args], { env: { MURMURATION_MODELS: models } });

/** How many segments another model wrote. */
async function escalated(...args: string[]): Promise<number> {
  const { exitCode, stdout, stderr } = await run('--jsonl', ...args);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  return (JSON.parse(stdout) as { escalated: number }).escalated;
}

describe('--ladder', () => {
  it('asks the next model for what the first is not sure of, and says which one wrote it', async () => {
    expect(await escalated('--ladder', 'second@0')).toBe(1);
    const { stdout } = await run('--ladder', 'second@0', '--format', 'json');
    const { model, segments } = Transcript.parse(JSON.parse(stdout));
    expect(model).toBe(first);
    expect(segments).toMatchObject([{ model: 'second', fallbacks: [{ reason: 'avg-logprob' }] }]);
  });

  it('asks nobody where the first is sure enough', async () => {
    expect(await escalated('--ladder', 'second@-5')).toBe(0);
  });

  it('finds a model by its folder, too', async () => {
    expect(await escalated('--ladder', `${join(models, 'second')}@0`)).toBe(1);
  });

  it('is what the manifest names, unless it is none', async () => {
    expect(await escalated('--model', 'climbing')).toBe(1);
    expect(await escalated('--model', 'climbing', '--ladder', 'none')).toBe(0);
  });

  it.each([
    ['nobody', 7, /names "nobody", which is not there: .*--ladder none/],
    [first, 2, /which stands below already: .*--ladder none/],
    ['second@0.5', 2, /--ladder.*second@0\.5.*give models with commas between them/],
  ])('of %s ends with %i before anything is heard', async (written, exitCode, message) => {
    const refused = await run('--ladder', written);
    expect(refused).toEqual({ exitCode, stdout: '', stderr: expect.stringMatching(message) });
  });

  it('is noted where one temperature lets nothing be heard again, and refused where a server hears', async () => {
    const idle = await run('--ladder', 'second@0', '--temperature', '0');
    expect(idle.stderr).toMatch(/--ladder changes nothing without a second of --temperatures/);
    const remote = await run('--ladder', 'second', '--remote', 'http://127.0.0.1:9');
    expect(remote).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('--ladder is for this machine'),
    });
  });
});
