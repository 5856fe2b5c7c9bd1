import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixture, runCli } from '../functions/run-cli.ts';
import { type StartedServer, startServer } from './start-server.ts';

let folder: string;
let server: StartedServer;
let key: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'murmuration-remote-'));
  const keys = join(folder, 'keys.json');
  key = (await runCli(['keys', 'create', keys, '--owner', 'ann'])).stdout.trim();
  server = await startServer(['--keys', keys]);
});
afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true });
});

const remote = (args: readonly string[], env: Record<string, string> = { MURMURATION_API_KEY: key }) =>
  runCli(['transcribe', '--remote', server.url, ...args], { env });

describe('transcribe --remote', () => {
  it('writes what this machine would have written', async () => {
    const args = [fixture('jfk.flac'), fixture('whats-the-weather-like.mp3'), '--format', 'srt'];
    const [there, here] = await Promise.all([remote(args), runCli(['transcribe', ...args])]);
    expect(there).toMatchObject({ exitCode: 0, stderr: here.stderr });
    expect(there.stdout).toBe(here.stdout);
  });

  it('has the server replace and redact, which then keeps nothing', async () => {
    const rules = join(folder, 'rules.json');
    await writeFile(rules, JSON.stringify([{ regex: 'Ameri[c]ans', with: '4111 1111 1111 1111' }]));
    const own = await startServer();
    try {
      const args = [fixture('jfk.flac'), '--replace', rules, '--redact', 'card'];
      const [there, here] = await Promise.all([
        runCli(['transcribe', '--remote', own.url, ...args]),
        runCli(['transcribe', ...args]),
      ]);
      expect(there).toMatchObject({ exitCode: 0, stdout: here.stdout });
      expect(there.stdout).toContain('my fellow [card] ask not');
      const cache = join(own.dataFolder, 'cache', 'murmuration');
      expect(existsSync(cache)).toBe(false);
      await runCli(['transcribe', '--remote', own.url, fixture('jfk.flac')]);
      expect(existsSync(cache)).toBe(true);
    } finally {
      await own.stop();
    }
    const refused = await remote([fixture('jfk.flac'), '--redact', 'soul']);
    expect(refused.exitCode).toBe(2);
  });

  it('leaves no job on the server', async () => {
    await remote([fixture('jfk.flac')]);
    const response = await fetch(`${server.url}/v1/jobs`, { headers: { authorization: `Bearer ${key}` } });
    expect(await response.json()).toMatchObject({ data: [] });
  });

  it('tells the failure of one file and does the others', async () => {
    const run = await remote([fixture('NOTICES.md'), fixture('whats-the-weather-like.mp3')]);
    expect(run.exitCode).toBe(4);
    expect(run.stdout).not.toBe('');
    expect(run.stderr).toContain('is it really a media file?');
  });

  it('says what to do where the key, the server or an option is wrong', async () => {
    const file = fixture('jfk.flac');
    expect(await remote([file], { MURMURATION_API_KEY: 'mm_wrong' })).toMatchObject({
      exitCode: 12,
      stdout: '',
    });
    const away = await runCli(['transcribe', '--remote', 'http://127.0.0.1:9', file]);
    expect(away).toMatchObject({ exitCode: 13, stderr: expect.stringContaining('cannot reach 127.0.0.1:9') });
    expect(await remote([file, '--seed', '4'])).toMatchObject({ exitCode: 2 });
  });
});
