import { createHash } from 'node:crypto';
import type { ListenerCall } from '@murmuration/api/contract/listener-call';
import { gateApp } from '@murmuration/api/realtime/gate-app';
import { socketGate } from '@murmuration/api/realtime/socket-gate';
import { beforeEach, describe, expect, it } from 'vitest';
import { memorySocketMessages, memorySocketReplies } from './factories/socket-messages.ts';

const hash = createHash('sha256').update('mk_secret').digest('hex');
const key = { id: 'a', hash, owner: 'a', createdAt: '2026-01-01T00:00:00.000Z' };

let messages: ReturnType<typeof memorySocketMessages>;
let replies: ReturnType<typeof memorySocketReplies>;
let started: unknown[];
let wait: number | undefined;
beforeEach(() => {
  messages = memorySocketMessages();
  replies = memorySocketReplies();
  started = [];
  wait = undefined;
});

function gate() {
  const app = gateApp({
    keyRing: { find: async (asked) => (asked === hash ? key : undefined) },
    ledger: {
      admit: async () => wait,
      spend: async () => true,
      settle: async () => undefined,
      spent: async () => 0,
    },
    clock: () => 0,
    newId: () => '00000000-0000-4000-8000-000000000000',
    onError: (error) => {
      throw error;
    },
  });
  return socketGate(app, {
    messages,
    replies,
    startListener: async (call) => {
      started.push(call);
    },
  });
}

/** As API Gateway sends it. */
const eventOf = (eventType: string, event: object = {}) => ({
  requestContext: { eventType, routeKey: '$default', connectionId: 'c', stage: 'v1', apiId: 'api' },
  isBase64Encoded: false,
  ...event,
});
const connect = (headers: object, queryStringParameters: object | null = null) =>
  gate()(eventOf('CONNECT', { headers, queryStringParameters }));

describe('the gate of live transcription', () => {
  it('begins a listener for who has a key', async () => {
    const answer = await connect({ Authorization: 'Bearer mk_secret' }, { language: 'en' });
    expect(answer).toEqual({ statusCode: 200 });
    expect(started).toEqual([
      {
        connectionId: 'c',
        stream: { key, requestId: expect.stringMatching(/^req_/), settings: { language: 'en', prompt: '' } },
      },
    ]);
  });

  it('takes a key among the protocols, as browsers send it, and does not answer it', async () => {
    const answer = await connect({ 'Sec-WebSocket-Protocol': 'murmuration, murmuration-key.mk_secret' });
    expect(answer).toEqual({ statusCode: 200, headers: { 'Sec-WebSocket-Protocol': 'murmuration' } });
    expect(started).toHaveLength(1);
  });

  it.each([
    ['nobody', {}, 401],
    ['a wrong key', { authorization: 'Bearer mk_wrong' }, 401],
  ])('refuses %s', async (_, headers, statusCode) => {
    expect(await connect(headers)).toMatchObject({ statusCode });
    expect(started).toEqual([]);
  });

  it('refuses who comes too often, and queries that cannot be', async () => {
    expect(await connect({ authorization: 'Bearer mk_secret' }, { language: '' })).toMatchObject({
      statusCode: 400,
    });
    wait = 7;
    expect(await connect({ authorization: 'Bearer mk_secret' })).toMatchObject({
      statusCode: 429,
      headers: { 'retry-after': '7' },
    });
    expect(started).toEqual([]);
  });

  it('keeps what is said for the listener, and that the client is gone', async () => {
    const handler = gate();
    const audio = Buffer.from([1, 2, 3, 4]);
    const say = (body: object) => handler(eventOf('MESSAGE', { body: JSON.stringify(body) }));
    await say({ kind: 'end', index: 1 });
    await say({ kind: 'audio', index: 0, audio: audio.toString('base64') });
    await handler(eventOf('DISCONNECT'));
    expect(await messages.read('c', 0)).toEqual([
      { kind: 'audio', index: 0, audio },
      { kind: 'end', index: 1 },
      { kind: 'gone' },
    ]);
  });

  it.each([
    ['no JSON', 'hello', /only text/],
    ['audio that has no place', '{"kind":"audio","audio":"AAAA"}', /"audio" needs an index/],
    ['an end that has no place', '{"kind":"end"}', /"end" needs an index/],
  ])('lets the listener say that it cannot use %s', async (_, body, message) => {
    await gate()(eventOf('MESSAGE', { body }));
    expect(await messages.read('c', 0)).toEqual([{ kind: 'fault', message: expect.stringMatching(message) }]);
  });

  const from = { index: 0, skipBytes: 0, seconds: 0, text: '', bookedSeconds: 0 };
  const requestPayload: ListenerCall = {
    connectionId: 'c',
    stream: { key, requestId: 'req_1', settings: { language: 'auto', prompt: '' } },
    from,
  };

  it.each([
    ['there was no place for', 'EventAgeExceeded', 'rate-limited', /too many streams/],
    ['broke off', 'RetriesExhausted', 'internal', /req_1/],
  ])('tells a client whose listener %s', async (_, condition, code, message) => {
    await gate()({ version: '1.0', requestContext: { condition }, requestPayload });
    expect(replies.posted).toEqual([{ kind: 'error', code, message: expect.stringMatching(message) }]);
    expect(replies.closed).toEqual(['c']);
  });
});
