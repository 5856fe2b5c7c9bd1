import { createHash } from 'node:crypto';
import type { ApiKey } from '@murmuration/api/contract/api-key';
import { ListenerCall } from '@murmuration/api/contract/listener-call';
import { gateApp } from '@murmuration/api/realtime/gate-app';
import { type GatePorts, socketGate } from '@murmuration/api/realtime/socket-gate';
import { beforeEach, describe, expect, it } from 'vitest';
import { memorySocketMessages, memorySocketReplies, memoryStreams } from './factories/socket-messages.ts';

const hash = createHash('sha256').update('mk_secret').digest('hex');
const key = { id: 'a', hash, owner: 'a', createdAt: '2026-01-01T00:00:00.000Z' };

let messages: ReturnType<typeof memorySocketMessages>;
let replies: ReturnType<typeof memorySocketReplies>;
let started: unknown[];
let wait: number | undefined;
let streams: ReturnType<typeof memoryStreams>;
/** By stream. */
let booked: Map<string, number>;
let budgetSeconds: number;
let now: number;
beforeEach(() => {
  messages = memorySocketMessages();
  replies = memorySocketReplies();
  started = [];
  wait = undefined;
  streams = memoryStreams();
  booked = new Map();
  budgetSeconds = 1000;
  now = 1_800_000_000_000;
});

function gate(changed: Partial<GatePorts> = {}) {
  let connections = 0;
  const ledger = {
    admit: async () => wait,
    async spend(_: ApiKey, seconds: number, holder = '') {
      if (seconds > budgetSeconds) return false;
      budgetSeconds -= seconds;
      booked.set(holder, seconds);
      return true;
    },
    async settle(holder: string, seconds = 0) {
      booked.set(holder, seconds);
    },
    spent: async () => 0,
  };
  const app = gateApp({
    keyRing: { find: async (asked) => (asked === hash ? key : undefined) },
    ledger,
    clock: () => now,
    newId: () => `0000000${connections++}-0000-4000-8000-000000000000`,
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
    streams,
    ledger,
    clock: () => now,
    ...changed,
  });
}

let events = 0;
/** As API Gateway sends it. */
const eventOf = (eventType: string, event: object = {}) => ({
  requestContext: {
    ...{ eventType, routeKey: '$default', connectionId: 'c', stage: 'v1', apiId: 'api' },
    ...{ requestId: `event-${++events}`, connectedAt: 1_800_000_000_000 },
  },
  isBase64Encoded: false,
  ...event,
});
const connect = (headers: object, queryStringParameters: object | null = null, at = gate()) =>
  at(eventOf('CONNECT', { headers, queryStringParameters }));

describe('the gate of live transcription', () => {
  it('begins a listener for who has a key', async () => {
    const answer = await connect({ Authorization: 'Bearer mk_secret' }, { language: 'en' });
    expect(answer).toEqual({ statusCode: 200 });
    expect(started).toEqual([
      {
        connectionId: 'c',
        stream: { key, requestId: expect.stringMatching(/^req_/), settings: { language: 'en', prompt: '' } },
        place: 0,
      },
    ]);
    // The listener goes on from there
    expect(ListenerCall.parse(started[0]).from.bookedSeconds).toBe(10);
    expect([...booked.values()]).toEqual([10]);
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

  it('opens no more streams for a key than it may have, and begins nothing for those', async () => {
    const handler = gate();
    const statuses: number[] = [];
    for (let stream = 0; stream < 6; stream++) {
      const answer = await connect({ authorization: 'Bearer mk_secret' }, null, handler);
      statuses.push(answer!.statusCode);
      if (answer!.statusCode !== 429) continue;
      expect(JSON.parse(answer!.body!).error).toMatchObject({ code: 'rate_limit_exceeded' });
      expect(answer!.headers).toMatchObject({ 'retry-after': '5' });
    }
    expect(statuses).toEqual([200, 200, 200, 200, 429, 429]);
    expect(started).toHaveLength(4);
    expect(booked.size).toBe(4);
  });

  it('begins no function that the budget does not pay', async () => {
    budgetSeconds = 9;
    const answer = await connect({ authorization: 'Bearer mk_secret' });
    expect(answer).toMatchObject({ statusCode: 429 });
    expect(JSON.parse(answer!.body!).error).toMatchObject({ code: 'insufficient_quota' });
    expect({ started, taken: streams.taken.size }).toEqual({ started: [], taken: 0 });
  });

  it('gives back place and booking where no function can be begun', async () => {
    const startListener = () => Promise.reject(new Error('no Lambda'));
    const handler = gate({ startListener });
    await expect(connect({ authorization: 'Bearer mk_secret' }, null, handler)).rejects.toThrow(/no Lambda/);
    expect({ taken: streams.taken.size, booked: [...booked.values()] }).toEqual({ taken: 0, booked: [0] });
  });

  const say = (handler: ReturnType<typeof gate>, index: number) =>
    handler(eventOf('MESSAGE', { body: JSON.stringify({ kind: 'audio', index, audio: 'AAAA' }) }));

  it('closes a connection that sends more than 25 messages a second', async () => {
    const handler = gate();
    for (const index of [0, 1, 250]) await say(handler, index);
    now += 10_000;
    await say(handler, 500);
    expect(replies.closed).toEqual([]);
    await say(handler, 501);
    expect(replies.posted).toEqual([
      { kind: 'error', code: 'rate-limited', message: expect.stringMatching(/501 comes too soon/) },
    ]);
    expect(replies.closed).toEqual(['c']);
    expect(await messages.read('c', 501)).toEqual([]);
  });

  it('closes a connection that sends one index twice, but not where the same message is put again', async () => {
    const handler = gate();
    const body = JSON.stringify({ kind: 'audio', index: 0, audio: 'AAAA' });
    const event = eventOf('MESSAGE', { body });
    await handler(event);
    await handler(event);
    expect(replies.closed).toEqual([]);
    await say(handler, 0);
    expect(replies.posted).toMatchObject([
      { code: 'invalid-argument', message: expect.stringMatching(/index 0/) },
    ]);
    expect(replies.closed).toEqual(['c']);
  });

  it.each([
    ['no JSON', 'hello', /only text/],
    ['audio that has no place', '{"kind":"audio","audio":"AAAA"}', /"audio" needs an index/],
    ['an end that has no place', '{"kind":"end"}', /"end" needs an index/],
  ])('closes a connection that sends %s', async (_, body, message) => {
    await gate()(eventOf('MESSAGE', { body }));
    expect(replies.posted).toEqual([
      { kind: 'error', code: 'invalid-argument', message: expect.stringMatching(message) },
    ]);
    expect(replies.closed).toEqual(['c']);
  });

  const from = {
    ...{ index: 0, skipBytes: 0, seconds: 0, text: '' },
    ...{ bookedSeconds: 10, elapsedSeconds: 0 },
  };
  const requestPayload: ListenerCall = {
    connectionId: 'c',
    stream: { key, requestId: 'req_1', settings: { language: 'auto', prompt: '' } },
    place: 0,
    from,
  };

  it.each([
    ['there was no place for', 'EventAgeExceeded', 'rate-limited', /too many streams/, 0],
    ['broke off', 'RetriesExhausted', 'internal', /req_1/, 10],
  ])('tells a client whose listener %s', async (_, condition, code, message, bookedSeconds) => {
    await streams.open(key, 'req_1');
    booked.set('req_1', 10);
    await gate()({ version: '1.0', requestContext: { condition }, requestPayload });
    expect(replies.posted).toEqual([{ kind: 'error', code, message: expect.stringMatching(message) }]);
    expect(replies.closed).toEqual(['c']);
    expect({ taken: streams.taken.size, booked: booked.get('req_1') }).toEqual({
      ...{ taken: 0, booked: bookedSeconds },
    });
  });
});
