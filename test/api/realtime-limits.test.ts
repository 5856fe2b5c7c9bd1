import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ApiEnv } from '@murmuration/api/api-app';
import type { LiveSpeech } from '@murmuration/api/realtime/live-port';
import { realtimeServer } from '@murmuration/api/realtime/realtime-server';
import type { SpeechPorts } from '@murmuration/api/realtime/speech-session';
import { realtimeRoutes } from '@murmuration/api/routes/realtime';
import { Hono } from 'hono';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';

/** Machines are busy at times. */
const soon = { timeout: 30_000 };

const limits = { mostStreams: 2, idleSeconds: 60, longestSeconds: 3600 };
const key = { id: 'a', hash: '0'.repeat(64), owner: 'a', createdAt: '2026-01-01T00:00:00.000Z' };

/** Hears nothing, and takes audio only as fast as `waiting` says. */
function speech(waiting = () => 0) {
  const heard = { bytes: 0, stopped: false };
  let finish = () => {};
  const live: LiveSpeech = {
    get waitingSeconds() {
      return waiting();
    },
    openSeconds: 0,
    push: (bytes) => {
      heard.bytes += bytes.length;
    },
    end: () => finish(),
    stop: () => {
      heard.stopped = true;
    },
    finished: new Promise((resolve) => {
      finish = resolve;
    }),
  };
  return { live, heard };
}

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

async function start(ports: Partial<SpeechPorts>, changed = {}) {
  const app = new Hono<ApiEnv>();
  const authorizations: (string | undefined)[] = [];
  app.use(async (c, next) => {
    authorizations.push(c.req.header('authorization'));
    c.set('key', key);
    c.set('requestId', 'req_1');
    await next();
  });
  realtimeRoutes(app);
  const realtime = realtimeServer(
    app,
    {
      openLive: () => speech().live,
      ledger: { spend: async () => true, settle: async () => undefined },
      clock: Date.now,
      onError: (error) => {
        throw error;
      },
      ...ports,
    },
    { ...limits, ...changed },
  );
  server = createServer().on('upgrade', realtime.upgrade).listen(0);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const connect = (protocols: string[] = []) =>
    new WebSocket(`ws://localhost:${port}/v1/realtime`, protocols);
  return { connect, authorizations, realtime };
}

async function lastWords(socket: WebSocket) {
  const said = once(socket, 'message');
  const closed = once(socket, 'close');
  const message = JSON.parse(String((await said)[0]));
  return { message, code: (await closed)[0] };
}

describe('a stream of live speech', () => {
  it('is closed when nothing comes', async () => {
    const { connect } = await start({}, { idleSeconds: 0.05 });
    const { message, code } = await lastWords(connect());
    expect(message).toMatchObject({ kind: 'error', code: 'invalid-argument' });
    expect(message.message).toMatch(/no second of audio came in 0.05 s/);
    expect(code).toBe(1008);
  });

  it('is not read while the engine is behind, so that memory stays small', async () => {
    let waiting = 20;
    const { live, heard } = speech(() => waiting);
    const { connect } = await start({ openLive: () => live });
    const socket = connect();
    await once(socket, 'open');
    for (let frame = 0; frame < 200; frame += 1) socket.send(Buffer.alloc(100_000));
    await new Promise((resolve) => setTimeout(resolve, 200));
    // What the first read from the socket brought
    expect(heard.bytes).toBeLessThan(2_000_000);
    waiting = 0;
    await expect.poll(() => heard.bytes, soon).toBe(20_000_000);
    socket.terminate();
    await expect.poll(() => heard.stopped, soon).toBe(true);
  });

  it('ends when its budget is spent', async () => {
    const booked: number[] = [];
    const spend = async (_: unknown, seconds: number) => {
      booked.push(seconds);
      return booked.length < 3;
    };
    const settled: unknown[] = [];
    const settle = async (...settling: unknown[]) => void settled.push(settling);
    const { connect } = await start({ ledger: { spend, settle } });
    const socket = connect();
    await once(socket, 'open');
    const last = lastWords(socket);
    for (let second = 0; second < 25; second += 1) socket.send(Buffer.alloc(32_000));
    expect((await last).message).toMatchObject({ kind: 'error', code: 'budget-spent' });
    expect(booked).toEqual([10, 20, 30]);
    // It was heard, though the budget did not suffice
    await expect.poll(() => settled, soon).toEqual([['req_1', expect.any(Number)]]);
    expect((settled as [[string, number]])[0][1]).toBeGreaterThan(20);
  });

  it('may not go on for ever', async () => {
    const { connect } = await start({}, { longestSeconds: 2 });
    const socket = connect();
    await once(socket, 'open');
    const last = lastWords(socket);
    for (let second = 0; second < 3; second += 1) socket.send(Buffer.alloc(32_000));
    expect((await last).message.message).toMatch(/may have 2 s/);
  });

  it('waits for a place where all are taken', async () => {
    const { connect } = await start({});
    const sockets = [connect(), connect()];
    await Promise.all(sockets.map((socket) => once(socket, 'open')));
    const third = connect();
    third.on('error', () => {});
    const [, response] = await once(third, 'unexpected-response');
    expect(response.statusCode).toBe(429);
    expect(response.headers).toMatchObject({ 'retry-after': '5', 'x-request-id': 'req_1' });
    for (const socket of sockets) socket.terminate();
  });

  it('is one of as many as its key may have', async () => {
    const { connect } = await start({}, { mostStreams: 9 });
    const sockets = Array.from({ length: 4 }, () => connect());
    await Promise.all(sockets.map((socket) => once(socket, 'open')));
    const fifth = connect();
    fifth.on('error', () => {});
    const [, response] = await once(fifth, 'unexpected-response');
    expect(response.statusCode).toBe(429);
    sockets[0]!.terminate();
    const again = async () => {
      const socket = connect();
      socket.on('error', () => {});
      return Promise.race([once(socket, 'open').then(() => true), once(socket, 'error').then(() => false)]);
    };
    await expect.poll(again, soon).toBe(true);
    for (const socket of sockets) socket.terminate();
  });

  it('is closed when it but drips', async () => {
    const { connect } = await start({}, { idleSeconds: 0.5 });
    const socket = connect();
    await once(socket, 'open');
    const last = lastWords(socket);
    const dripping = setInterval(() => socket.readyState === socket.OPEN && socket.send(Buffer.alloc(2)), 20);
    expect((await last).message).toMatchObject({ code: 'invalid-argument' });
    clearInterval(dripping);
  });

  it('ends by its time as by its audio', async () => {
    let now = 0;
    const { connect } = await start({ clock: () => now }, { longestSeconds: 100 });
    const socket = connect();
    await once(socket, 'open');
    const last = lastWords(socket);
    now = 101_000;
    expect((await last).message.message).toMatch(/may have 100 s/);
  });

  it('ends when its key is revoked', async () => {
    let now = 0;
    const { connect } = await start({ clock: () => now, isGood: async () => false });
    const socket = connect();
    await once(socket, 'open');
    const last = lastWords(socket);
    now = 31_000;
    expect(await last).toMatchObject({ message: { code: 'key-refused' }, code: 1008 });
  });

  it('may bring its key as a protocol, which is not answered', async () => {
    const { connect, authorizations } = await start({});
    const socket = connect(['murmuration', 'murmuration-key.mk_secret']);
    await once(socket, 'open');
    expect(socket.protocol).toBe('murmuration');
    expect(authorizations).toEqual(['Bearer mk_secret']);
    socket.terminate();
  });

  it('is told when the server stops', async () => {
    const { connect, realtime } = await start({});
    const socket = connect();
    await once(socket, 'open');
    realtime.close();
    expect((await once(socket, 'close'))[0]).toBe(1001);
  });
});
