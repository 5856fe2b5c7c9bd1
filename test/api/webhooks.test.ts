import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../functions/run-cli.ts';
import { recordingForm } from './recording-form.ts';
import { type StartedServer, startServer } from './start-server.ts';

interface Told {
  readonly path: string;
  readonly body: string;
  readonly headers: Record<string, string>;
}

/** Answers what a test says for a path, else 204. */
let receiver: Server;
const told: Told[] = [];
const answers = new Map<string, number[]>();
let server: StartedServer;
let address: string;

beforeAll(async () => {
  receiver = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const path = request.url ?? '';
    told.push({ path, body, headers: request.headers as Record<string, string> });
    response.writeHead(answers.get(path)?.shift() ?? 204).end();
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => receiver.once('listening', resolve));
  address = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
  server = await startServer(['--reach', 'network']);
});
afterAll(async () => {
  await server.stop();
  receiver.close();
});

const webhooks = (...args: string[]) =>
  runCli(['webhooks', ...args, '--data', join(server.dataFolder, 'data')]);

async function begun(path: string, recording: string, on = server): Promise<string> {
  const bytes = (await (await recordingForm(recording)).get('file')) as File;
  const json = async (route: string, body: unknown) => {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(on.url + route, { method: 'POST', headers, body: JSON.stringify(body) });
    return (await response.json()) as { id: string };
  };
  const { id } = await json('/v1/uploads', { name: recording, size_bytes: bytes.size });
  await fetch(`${on.url}/v1/uploads/${id}/content`, { method: 'PUT', body: bytes });
  return (await json('/v1/jobs', { upload_id: id, webhook: { url: address + path } })).id;
}

async function tries(path: string, count: number): Promise<Told[]> {
  for (;;) {
    const found = told.filter((one) => one.path === path);
    if (found.length >= count) return found;
    await wait(50);
  }
}

/** What `webhooks list` says of a job, once it says this. */
async function listed(id: string, words: string): Promise<string> {
  for (;;) {
    const { stdout } = await webhooks('list');
    const line = stdout.split('\n').find((one) => one.startsWith(id));
    if (line?.includes(words)) return line;
    await wait(100);
  }
}

describe('a webhook of a job on this machine', () => {
  it('is refused with its job where its address holds a password', async () => {
    const url = 'https://ann:secret@example.com/hook';
    const json = { file_url: 'https://example.com/a.mp3', webhook: { url } };
    const refused = await fetch(`${server.url}/v1/jobs`, { method: 'POST', body: JSON.stringify(json) });
    expect(refused.status).toBe(400);
    const { error } = (await refused.json()) as { error: { param: string; message: string } };
    expect(error).toMatchObject({ param: 'webhook.url', message: expect.stringContaining('password') });
    expect(error.message).not.toContain('secret');
  });

  it('tells that it is done, signed, with where the transcript is', async () => {
    const id = await begun('/done', 'jfk.flac');
    const [sent] = await tries('/done', 1);
    const secret = (await webhooks('secret')).stdout.trim();
    const event = new Webhook(secret).verify(sent!.body, sent!.headers);
    expect(event).toMatchObject({
      type: 'transcript-ready',
      data: { kind: 'transcript-ready', jobId: id, state: 'done', durationSeconds: 11 },
    });
    const { sourceKey, outputs } = (event as { data: { sourceKey: string; outputs: { srt: string } } }).data;
    expect(sourceKey).toContain(`/${id}/`);
    expect(await (await fetch(server.url + outputs.srt)).text()).toMatch(/^1\n/);
    expect(server.log()).not.toContain(secret);
  });

  it('tells that it failed, and why', async () => {
    await begun('/failed', 'NOTICES.md');
    const [sent] = await tries('/failed', 1);
    expect(JSON.parse(sent!.body)).toMatchObject({
      type: 'job-failed',
      data: { state: 'failed', code: 'media-unreadable' },
    });
  });

  it('is told again with the same id where the receiver was ill, also after a restart', async () => {
    answers.set('/ill', [503]);
    const id = await begun('/ill', 'whats-the-weather-like.mp3');
    await listed(id, '503');
    await server.stop({ keepData: true });
    server = await startServer(['--reach', 'network'], { dataFolder: server.dataFolder });
    const [first, second] = await tries('/ill', 2);
    expect(second!.headers['webhook-id']).toBe(first!.headers['webhook-id']);
    expect(second!.body).toContain(id);
  });

  it('is given up where the receiver is gone, until a person replays it, and forgotten with its job', async () => {
    const path = '/gone';
    answers.set(path, [410, 410]);
    const id = await begun(path, 'whats-the-weather-like.mp3');
    expect(await listed(id, 'given up')).toContain('it answered 410');
    await wait(1500);
    expect(told.filter((one) => one.path === path)).toHaveLength(1);

    expect((await webhooks('replay', id)).exitCode).toBe(0);
    const [first, second] = await tries(path, 2);
    expect(second!.headers['webhook-id']).toBe(first!.headers['webhook-id']);
    await listed(id, 'given up');
    await fetch(`${server.url}/v1/jobs/${id}`, { method: 'DELETE' });
    expect((await webhooks('list')).stdout).not.toContain(id);
    expect((await webhooks('replay', id)).exitCode).toBe(3);
  });

  it('calls nobody inside this network, unless it may', async () => {
    const open = await startServer();
    try {
      for (const [url, why] of [
        [`${address}/inside`, /http: is not taken: give an https address/],
        ['https://127.0.0.1/inside', /127\.0\.0\.1/],
        ['https://[::ffff:10.0.0.1]/inside', /is refused/],
      ] as const) {
        const json = { file_url: 'https://example.com/a.mp3', webhook: { url } };
        const refused = await fetch(`${open.url}/v1/jobs`, { method: 'POST', body: JSON.stringify(json) });
        expect(refused.status).toBe(400);
        const { error } = (await refused.json()) as { error: { param: string; message: string } };
        expect(error).toMatchObject({ param: 'webhook.url', message: expect.stringMatching(why) });
      }
      expect(told.filter((one) => one.path === '/inside')).toEqual([]);
    } finally {
      await open.stop();
    }
  });

  it('is not replayed without a name', async () => {
    expect(await webhooks('replay')).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('--all') });
  });
});
