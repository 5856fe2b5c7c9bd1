import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import type { IncomingMessage, Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serve } from '@hono/node-server';
import type { ApiPorts } from '@murmuration/api/api-ports';
import { createApi } from '@murmuration/api/create-api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { soon } from '../soon.ts';
import { spoken, wordsOf } from './factories/transcript.ts';

const PLACES = 8;
let spoolFolder: string;
let server: Server;
let port: number;
let now: number;
let sockets: Socket[];
/** Chunks that came of parts of uploads. */
let partsBegun: number;

beforeEach(async () => {
  spoolFolder = await mkdtemp(join(tmpdir(), 'murmuration-slow-'));
  [now, sockets, partsBegun] = [0, [], 0];
  const transcript = spoken(wordsOf('hello'));
  const heard = { transcript, media: { channels: 1 }, warnings: [], findings: [], cached: 0 };
  const key = { id: 'key_1', hash: '0'.repeat(64), createdAt: '2026-01-01T00:00:00.000Z' };
  const ports = {
    transcriber: { models: ['m'], transcribe: async () => heard },
    ledger: { admit: async () => undefined, spend: async () => true },
    receiver: {
      async receive(_owner: string, _id: string, body: AsyncIterable<Uint8Array>) {
        for await (const _chunk of body) partsBegun++;
        return 'etag';
      },
    },
    callerOf: (environment: unknown) => {
      const { headers } = (environment as { incoming: IncomingMessage }).incoming;
      return { ...key, owner: String(headers['x-owner']) };
    },
    ...{ clock: () => now, newId: () => 'id', onError: () => undefined },
  };
  const app = createApi(ports as unknown as ApiPorts, {
    ...{ version: '1', mostBodyBytes: 1e9, mostUploadBytes: 1e9, mostAtOnce: PLACES, spoolFolder },
    ...{ dollarsPerAudioHour: 0, timesRealTime: 1 },
  });
  server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, (info) => {
    port = info.port;
  }) as Server;
  await once(server, 'listening');
});
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  server.close();
  server.closeAllConnections();
  await rm(spoolFolder, { recursive: true });
});

const beginnings = {
  '/v1/uploads/upload_1/content': { method: 'PUT', type: 'audio/wav', body: 'RIFF' },
  '/v1/listen': { method: 'POST', type: 'audio/wav', body: 'RIFF' },
  '/v1/audio/transcriptions': {
    method: 'POST',
    type: 'multipart/form-data; boundary=b',
    body: '--b\r\ncontent-disposition: form-data; name="file"; filename="a.wav"\r\n\r\nRIFF',
  },
};

/** Begins a request whose body never ends. Answers what came back so far. */
function trickle(path: keyof typeof beginnings, owner: string): () => string {
  const { method, type, body } = beginnings[path];
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  sockets.push(socket);
  let answered = '';
  socket.setEncoding('utf8').on('data', (text) => {
    answered += text;
  });
  socket.write(
    `${method} ${path} HTTP/1.1\r\nhost: a\r\nx-owner: ${owner}\r\ncontent-type: ${type}\r\ncontent-length: 100000000\r\n\r\n${body}`,
  );
  return () => answered;
}

/** All places are taken by bodies that do not end, of which something lies in the spool. */
async function blocked(owner: string) {
  const answers = Array.from({ length: PLACES }, (_, index) =>
    trickle(index % 2 === 0 ? '/v1/listen' : '/v1/audio/transcriptions', owner),
  );
  await soon(async () => expect(await media()).toHaveLength(PLACES));
  return answers;
}
const media = async () =>
  (await readdir(spoolFolder, { recursive: true })).filter((name) => name.endsWith('media'));

const send = (owner: string) =>
  fetch(`http://127.0.0.1:${port}/v1/listen`, {
    method: 'POST',
    headers: { 'x-owner': owner },
    body: 'sound',
  });
const cutOff = (answers: (() => string)[]) =>
  answers.map((answer) => answer()).filter((answer) => answer.startsWith('HTTP/1.1 429'));

describe('bodies that trickle', () => {
  it('give way to whoever needs a place once they fell behind, are told so, and leave no file', async () => {
    const answers = await blocked('ann');
    expect((await send('ann')).status).toBe(429);
    expect(cutOff(answers)).toEqual([]);
    now += 11_000;
    expect((await send('ann')).status).toBe(200);
    await soon(() => expect(cutOff(answers)).toHaveLength(1));
    expect(cutOff(answers)[0]).toContain('its place was needed');
    await soon(async () => expect(await media()).toHaveLength(PLACES - 1));
    // That place is free again
    expect((await send('ann')).status).toBe(200);
    expect(cutOff(answers)).toHaveLength(1);
  });

  it('of one owner do not shut out another, however fast they come', async () => {
    const answers = await blocked('ann');
    expect((await send('bob')).status).toBe(200);
    await soon(() => expect(cutOff(answers)).toHaveLength(1));
    await soon(async () => expect(await media()).toHaveLength(PLACES - 1));
    trickle('/v1/listen', 'ann');
    await soon(async () => expect(await media()).toHaveLength(PLACES));
    expect((await send('ann')).status).toBe(429);
    expect((await send('cid')).status).toBe(200);
  });

  it('of parts of uploads give way among themselves, and take no place from those who wait for words', async () => {
    const part = '/v1/uploads/upload_1/content';
    const sendPart = (body: string) =>
      fetch(`http://127.0.0.1:${port}${part}`, { method: 'PUT', headers: { 'x-owner': 'ann' }, body });
    const answers = Array.from({ length: PLACES }, () => trickle(part, 'ann'));
    await soon(() => expect(partsBegun).toBe(PLACES));
    expect((await sendPart('sound')).status).toBe(429);
    expect((await send('ann')).status).toBe(200);
    now += 11_000;
    expect((await sendPart('sound')).status).toBe(200);
    await soon(() => expect(cutOff(answers)).toHaveLength(1));
    expect((await sendPart('sound')).status).toBe(200);
  });
});
