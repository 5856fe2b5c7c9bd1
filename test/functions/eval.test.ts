import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixture, runCli } from './run-cli.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'murmuration-eval-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function manifest(name: string, lines: readonly (object | string)[]): Promise<string> {
  const path = join(folder, name);
  await writeFile(
    path,
    lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'),
  );
  return path;
}

const jfk = {
  file: fixture('jfk.flac'),
  text: 'And so my fellow Americans, ask not what your country can do for you, ask what you can do for your country.',
};
const noise = { file: fixture('noise.wav'), text: '' };
const missing = { file: 'missing.wav', text: 'nobody hears it' };

describe('eval', () => {
  it('counts errors, reports what is missing and does the rest', async () => {
    const path = await manifest('some.jsonl', [
      { ...jfk, text: jfk.text.replace('fellow', 'dear fellow') },
      missing,
      noise,
      { file: 'unknown.wav', text: null },
    ]);
    const json = join(folder, 'figures.json');
    const plot = join(folder, 'plot.svg');
    const cache = { XDG_CACHE_HOME: join(folder, 'cache') };
    const args = ['eval', path, '--json', json, '--plot', plot];
    const run = await runCli(args, { env: cache });
    expect(run.exitCode).toBe(3);
    expect(run.stderr).toMatch(/^murmuration: missing\.wav: .*\n/);
    expect(run.stderr).toContain('1 recordings without a text are not scored');
    expect(run.stdout).toMatch(/jfk\.flac +23 +0 +1 +0 +4\.35 %/);
    expect(run.stdout).toMatch(/all 1 with speech +23 +0 +1 +0 +4\.35 %/);
    expect(run.stdout).toContain('0 words invented in 1 clips of noise');
    const figures = JSON.parse(await readFile(json, 'utf8'));
    expect(figures).toMatchObject({
      model: 'whisper-tiny.en-int8',
      clips: 1,
      words: 23,
      wordErrorPercent: 4.35,
      noiseClips: 1,
      noiseWords: 0,
      cached: 0,
      failed: ['missing.wav'],
    });
    expect(figures.recordings.map(({ file }: { file: string }) => file)).toEqual([jfk.file, noise.file]);
    expect((await readFile(plot, 'utf8')).match(/<circle /g)).toHaveLength(2);

    await runCli(args, { env: cache });
    const again = JSON.parse(await readFile(json, 'utf8'));
    expect(again).toMatchObject({ words: 23, wordErrorPercent: 4.35 });
    expect(again.recordings[0]).toMatchObject({ segments: 1, cached: 1 });
  });

  it.each([
    ['a line that is not JSON', [jfk, 'hello'], /some-bad\.jsonl:2 is not JSON/],
    ['a line without a file', [{ text: 'a' }], /some-bad\.jsonl:1 is no reference/],
  ])('with %s: exit code 2, one line, nothing transcribed', async (_, lines, message) => {
    const path = await manifest('some-bad.jsonl', lines);
    const json = join(folder, 'never.json');
    const run = await runCli(['eval', path, '--json', json]);
    expect(run).toEqual({ exitCode: 2, stdout: '', stderr: expect.stringMatching(message) });
    expect(run.stderr.trim()).not.toContain('\n');
    expect(await readdir(folder)).not.toContain('never.json');
  });

  it('without a manifest: exit code 3', async () => {
    expect(await runCli(['eval', join(folder, 'none.jsonl')])).toMatchObject({ exitCode: 3, stdout: '' });
  });

  it('with figures that cannot be written: exit code 9', async () => {
    const path = await manifest('noise.jsonl', [noise]);
    const run = await runCli(['eval', path, '--json', join(folder, 'no', 'such', 'folder.json')]);
    expect(run).toMatchObject({ exitCode: 9, stderr: expect.stringContaining('folder.json') });
  });
});
