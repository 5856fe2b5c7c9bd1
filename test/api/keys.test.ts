import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../functions/run-cli.ts';
import { soon } from '../soon.ts';
import { recordingForm } from './recording-form.ts';
import { type StartedServer, startServer } from './start-server.ts';

let folder: string;
let file: string;
let server: StartedServer;
let key: string;

async function made(...options: string[]): Promise<string> {
  const { exitCode, stdout } = await runCli(['keys', 'create', file, ...options]);
  expect(exitCode).toBe(0);
  return stdout.trim();
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'murmuration-keys-'));
  file = join(folder, 'keys.json');
  key = await made('--owner', 'ann');
  server = await startServer(['--keys', file]);
});
afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true });
});

const get = (path: string, authorization?: string) =>
  fetch(server.url + path, authorization === undefined ? {} : { headers: { authorization } });

async function transcribe(secret: string, recording = 'jfk.flac'): Promise<Response> {
  const body = await recordingForm(recording);
  const headers = { authorization: `Bearer ${secret}` };
  return fetch(`${server.url}/v1/audio/transcriptions`, { method: 'POST', body, headers });
}

describe('a server with keys', () => {
  it('keeps hashes only, in a file for its owner alone', async () => {
    expect(await readFile(file, 'utf8')).not.toContain(key);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it('takes no owner that could not be part of a path', async () => {
    const { exitCode, stderr } = await runCli(['keys', 'create', file, '--owner', 'ann/private']);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/--owner is "ann\/private".*must have no "\/".*choose another name/);
  });

  it('keeps how many streams a key may have open', async () => {
    await made('--owner', 'streaming', '--streams-at-once', '2');
    const { keys } = JSON.parse(await readFile(file, 'utf8'));
    expect(keys.find(({ owner }: { owner: string }) => owner === 'streaming')).toMatchObject({
      streamsAtOnce: 2,
    });
  });

  it('lets in who has one, as OpenAI and Deepgram write it', async () => {
    expect((await get('/v1/models', `Bearer ${key}`)).status).toBe(200);
    expect((await get('/v1/models', `Token ${key}`)).status).toBe(200);
    expect((await get('/healthz')).status).toBe(200);
  });

  it.each([undefined, 'Bearer', 'Bearer mm_wrong', 'Basic YTpi', `Bearer ${'a'.repeat(5000)}`])(
    'refuses %j',
    async (authorization) => {
      for (const path of ['/v1/models', '/metrics', '/v1/jobs']) {
        const response = await get(path, authorization);
        expect(response.status).toBe(401);
        expect(response.headers.get('www-authenticate')).toBe('Bearer');
        expect(await response.json()).toMatchObject({ error: { code: 'invalid_api_key' } });
      }
    },
  );

  it('takes new keys and refuses revoked and expired ones while it runs', async () => {
    const second = await made('--owner', 'ann');
    expect((await get('/v1/models', `Bearer ${second}`)).status).toBe(200);
    const kept = JSON.parse(await readFile(file, 'utf8')) as { keys: { id: string; expiresAt?: string }[] };
    const { id } = kept.keys.at(-1)!;
    expect((await runCli(['keys', 'list', file])).stdout).toContain(id);
    expect((await runCli(['keys', 'revoke', file, id])).exitCode).toBe(0);
    expect((await runCli(['keys', 'revoke', file, id])).exitCode).toBe(3);
    expect((await get('/v1/models', `Bearer ${second}`)).status).toBe(401);
    // The first key of the same owner is not touched
    expect((await get('/v1/models', `Bearer ${key}`)).status).toBe(200);

    const third = await made('--owner', 'ann');
    const after = JSON.parse(await readFile(file, 'utf8')) as typeof kept;
    after.keys.at(-1)!.expiresAt = '2020-01-01T00:00:00.000Z';
    await writeFile(file, JSON.stringify(after));
    expect((await get('/v1/models', `Bearer ${third}`)).status).toBe(401);
  });

  it('has all keys that were made at once', async () => {
    const made = Array.from({ length: 4 }, () => runCli(['keys', 'create', file, '--owner', 'eve']));
    for (const { exitCode, stdout } of await Promise.all(made)) {
      expect(exitCode).toBe(0);
      expect((await get('/v1/models', `Bearer ${stdout.trim()}`)).status).toBe(200);
    }
  });

  it('answers 429 with the time to wait above the rate', async () => {
    const slow = await made('--owner', 'bob', '--requests-per-minute', '2');
    expect((await get('/v1/models', `Bearer ${slow}`)).status).toBe(200);
    expect((await get('/v1/models', `Bearer ${slow}`)).status).toBe(200);
    const response = await get('/v1/models', `Bearer ${slow}`);
    expect(response.status).toBe(429);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(response.headers.get('x-should-retry')).toBe('true');
    expect(await response.json()).toMatchObject({ error: { code: 'rate_limit_exceeded' } });
  });

  it('stops where the budget of the month is spent, and tells SDKs not to try again', async () => {
    const poor = await made('--owner', 'carl', '--budget-hours', `${15 / 3600}`);
    expect((await transcribe(poor)).status).toBe(200);
    const response = await transcribe(poor);
    expect(response.status).toBe(429);
    expect(response.headers.get('x-should-retry')).toBe('false');
    expect(await response.json()).toMatchObject({ error: { type: 'insufficient_quota' } });
    // 4 s are left of the 15, enough for a shorter one
    expect((await transcribe(poor, 'whats-the-weather-like.mp3')).status).toBe(200);
  });

  it('gives a key another secret, with what it has used, until the former one is revoked', async () => {
    const former = await made('--owner', 'fay', '--budget-hours', `${15 / 3600}`, '--expires-in-days', '9');
    expect((await transcribe(former)).status).toBe(200);
    const { keys } = JSON.parse(await readFile(file, 'utf8')) as { keys: { id: string }[] };
    const { id } = keys.at(-1)!;
    const rotated = await runCli(['keys', 'rotate', file, id]);
    expect(rotated).toMatchObject({ exitCode: 0, stderr: expect.stringContaining(`${id} --former`) });
    const next = rotated.stdout.trim();
    for (const secret of [former, next]) {
      expect((await get('/v1/models', `Bearer ${secret}`)).status).toBe(200);
      // 4 s are left of the 15, whichever is shown
      expect((await transcribe(secret)).status).toBe(429);
    }
    const listed = async () =>
      (await runCli(['keys', 'list', file])).stdout.match(new RegExp(`${id}.*`, 'g'));
    expect(await listed()).toEqual([/former$/, /current$/].map((end) => expect.stringMatching(end)));
    expect((await listed())?.join()).not.toContain('never');
    expect((await runCli(['keys', 'revoke', file, id, '--former'])).exitCode).toBe(0);
    expect((await runCli(['keys', 'revoke', file, id, '--former'])).exitCode).toBe(3);
    expect((await get('/v1/models', `Bearer ${former}`)).status).toBe(401);
    expect((await get('/v1/models', `Bearer ${next}`)).status).toBe(200);
    expect((await runCli(['keys', 'rotate', file, 'key_unknown'])).exitCode).toBe(3);
    await runCli(['keys', 'rotate', file, id]);
    expect((await runCli(['keys', 'revoke', file, id])).exitCode).toBe(0);
    expect(await listed()).toBeNull();
    expect((await get('/v1/models', `Bearer ${next}`)).status).toBe(401);
  });

  it("hides one owner's jobs from another", async () => {
    const other = await made('--owner', 'dora');
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
    const body = JSON.stringify({ file_url: 'https://localhost/a.mp3' });
    const response = await fetch(`${server.url}/v1/jobs`, { method: 'POST', headers, body });
    const { id } = (await response.json()) as { id: string };
    expect((await get(`/v1/jobs/${id}`, `Bearer ${key}`)).status).toBe(200);
    expect((await get(`/v1/jobs/${id}`, `Bearer ${other}`)).status).toBe(404);
    expect(await (await get('/v1/jobs', `Bearer ${other}`)).json()).toMatchObject({ data: [] });
  });
});

describe('a server without keys', () => {
  it('refuses a port that cannot be', async () => {
    const { exitCode, stderr } = await runCli(['serve', '--port', '99999']);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/--port.*99999.*give a whole number from 0 to 65535/);
  });

  it('says that its port is taken', async () => {
    const first = await startServer();
    try {
      const { port } = new URL(first.url);
      const { exitCode, stderr } = await runCli(['serve', '--port', port, '--data', join(folder, 'second')]);
      expect(exitCode).toBe(2);
      expect(stderr).toMatch(new RegExp(`^murmuration: port ${port} of 127.0.0.1 is taken.*--port.*\n$`));
    } finally {
      await first.stop();
    }
  });

  it('shows its page in a browser, or says where it is', async () => {
    const seen = join(folder, 'opened');
    const browser = join(folder, 'xdg-open');
    await writeFile(browser, `#!/bin/sh\necho "$1" > ${seen}\n`, { mode: 0o755 });
    const { PATH } = process.env;
    for (const path of [`${folder}:${PATH}`, folder]) {
      const isThere = path !== folder;
      if (!isThere) await rm(browser);
      const server = await startServer(['--open'], { env: { PATH: path } });
      if (isThere) {
        await soon(async () => expect(await readFile(seen, 'utf8')).toBe(`${server.url}/\n`));
      } else {
        await soon(() => expect(server.log()).toContain(`go to ${server.url}/`));
      }
      await server.stop();
    }
  });

  it('does not start where others could reach it', async () => {
    const { exitCode, stderr } = await runCli(['serve', '--host', '0.0.0.0', '--port', '0']);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('--keys');
  });

  it('answers no web page of others', async () => {
    const open = await startServer();
    try {
      const foreign = { origin: 'https://evil.example' };
      expect((await fetch(`${open.url}/v1/models`, { headers: foreign })).status).toBe(401);
      const own = { origin: open.url };
      expect((await fetch(`${open.url}/v1/models`, { headers: own })).status).toBe(200);
    } finally {
      await open.stop();
    }
  });
});
