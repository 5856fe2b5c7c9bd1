import { execFileSync, spawnSync } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { createServer as createPlainServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiJob } from '@murmuration/api/contract/api-job';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixture } from '../functions/run-cli.ts';
import { type StartedServer, startServer } from './start-server.ts';

const recording = fixture('jfk.flac');
let folder: string;
let files: Server;
let origin: string;
/** One that may fetch from its network, and one that may not. */
let near: StartedServer;
let far: StartedServer;
const asked: string[] = [];

/** It makes the certificate of the server of files. */
const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

beforeAll(async () => {
  if (!hasOpenssl) return;
  folder = await mkdtemp(join(tmpdir(), 'murmuration-file-url-'));
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
  const request = `req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost`;
  execFileSync('openssl', [...request.split(' '), '-keyout', key, '-out', certificate], { stdio: 'ignore' });
  files = createServer(
    { key: await readFile(key), cert: await readFile(certificate) },
    (question, response) => {
      serveFile(question, response).catch(() => response.destroy());
    },
  );
  await new Promise<void>((resolve) => files.listen(0, 'localhost', resolve));
  origin = `https://localhost:${(files.address() as AddressInfo).port}`;
  const env = { NODE_EXTRA_CA_CERTS: certificate };
  [near, far] = await Promise.all([startServer(['--reach', 'network'], { env }), startServer([], { env })]);
});
afterAll(async () => {
  if (!hasOpenssl) return;
  await Promise.all([near.stop(), far.stop()]);
  files.closeAllConnections();
  files.close();
  await rm(folder, { recursive: true });
});

/** A recording by ranges, whole, or after a redirect to where `to` says. */
async function serveFile({ url = '/', headers }: IncomingMessage, response: ServerResponse): Promise<void> {
  asked.push(url);
  const { pathname, searchParams } = new URL(url, origin);
  if (pathname === '/moved') return void response.writeHead(302, { location: searchParams.get('to')! }).end();
  const { size } = await stat(recording);
  const [, start, end] = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '') ?? [];
  if (pathname === '/whole' || start === undefined) {
    response.writeHead(200, { 'content-length': size });
    return void createReadStream(recording).pipe(response);
  }
  const last = end === '' || end === undefined ? size - 1 : Math.min(Number(end), size - 1);
  response.writeHead(206, {
    'content-length': last - Number(start) + 1,
    'content-range': `bytes ${start}-${last}/${size}`,
  });
  createReadStream(recording, { start: Number(start), end: last }).pipe(response);
}

const post = (server: StartedServer, json: object) =>
  fetch(`${server.url}/v1/jobs`, { method: 'POST', body: JSON.stringify(json) });

async function ended(server: StartedServer, response: Response): Promise<ApiJob> {
  expect(response.status).toBe(202);
  const { id } = ApiJob.parse(await response.json());
  while (true) {
    const job = ApiJob.parse(await (await fetch(`${server.url}/v1/jobs/${id}`)).json());
    if (!['queued', 'running'].includes(job.state)) return job;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe.skipIf(!hasOpenssl)('file_url (needs openssl)', () => {
  it.each(['/talk.flac?signature=secret', '/whole', '/moved?to=/talk.flac', '/moved?to=/moved%3Fto=/whole'])(
    'is fetched and transcribed: %s',
    async (path) => {
      const job = await ended(near, await post(near, { file_url: origin + path }));
      expect(job).toMatchObject({ state: 'done', text: expect.stringContaining('ask what you can do') });
      // A query may be a signature
      expect(job.name).toBe(new URL(path, origin).host + new URL(path, origin).pathname);
    },
  );

  it('tells its length and price before it is heard', async () => {
    const response = await post(near, { file_url: `${origin}/talk.flac`, dry_run: true });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      duration_seconds: 11,
      dollars: 0,
      measured: true,
      times_real_time: expect.any(Number),
    });
  });

  it('is heard through Deepgram’s route too', async () => {
    const response = await fetch(`${near.url}/v1/listen`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ url: `${origin}/talk.flac` }),
    });
    expect(response.status).toBe(200);
    expect(JSON.stringify(await response.json())).toContain('ask what you can do');
  });

  it('leads nowhere into the network unless that was allowed, and nothing there is asked', async () => {
    const before = asked.length;
    const response = await post(far, { file_url: `${origin}/talk.flac`, dry_run: true });
    expect(response.status).toBe(415);
    const { error } = (await response.json()) as { error: { message: string } };
    expect(error.message).toContain('localhost:');
    expect(error.message).toContain('leads to no address that may be asked');
    expect(error.message).not.toMatch(/127\.0\.0\.1|::1/);
    expect(asked).toHaveLength(before);
  });

  it('follows no redirect to where others could read along', async () => {
    const heard: string[] = [];
    const plain = createPlainServer(({ url }, response) => {
      heard.push(url!);
      response.end();
    });
    await new Promise<void>((resolve) => plain.listen(0, 'localhost', resolve));
    try {
      const to = `http://localhost:${(plain.address() as AddressInfo).port}/talk.flac`;
      const file_url = `${origin}/moved?to=${encodeURIComponent(to)}`;
      for (const dry_run of [true, false]) {
        const response = await post(near, { file_url, dry_run });
        const told = dry_run ? await response.text() : JSON.stringify((await ended(near, response)).error);
        expect(told).toContain('it redirects from https to http');
      }
      expect(heard).toEqual([]);
    } finally {
      plain.close();
    }
  });

  it.each([
    'https://169.254.169.254/latest/meta-data/',
    'https://[::ffff:169.254.169.254]/',
    'https://[64:ff9b::a9fe:a9fe]/',
    'https://2852039166/',
    'http://[fe80::1]/',
    'file:///etc/passwd',
    'gopher://x/',
  ])('follows no redirect to %s, even where the network is within reach', async (to) => {
    const file_url = `${origin}/moved?to=${encodeURIComponent(to)}`;
    const response = await post(near, { file_url, dry_run: true });
    expect(response.status).toBe(415);
    expect(await response.text()).toMatch(/leads to no address that may be asked|is not followed/);
  });

  it.each([
    'https://127.0.0.1/a',
    'https://127.1/a',
    'https://2130706433/a',
    'https://0x7f.1/a',
    'https://0177.0.0.1/a',
    'https://0/a',
    'https://0.0.0.0/a',
    'https://127.0.0.1./a',
    'https://localhost./a',
    'https://[::1]/a',
    'https://[::ffff:10.0.0.1]/a',
    'https://[64:ff9b::a9fe:a9fe]/a',
    'https://169.254.169.254/latest/meta-data/',
    'https://no-such-host.internal/a',
  ])('of %s is refused in the same words as any other', async (file_url) => {
    const response = await post(far, { file_url, dry_run: true });
    expect(response.status).toBe(415);
    expect(await response.text()).toContain('leads to no address that may be asked');
  });
});
