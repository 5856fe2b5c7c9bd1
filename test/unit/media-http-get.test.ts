import { once } from 'node:events';
import { createServer as createPlainServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { createHttpGetter } from '@murmuration/media/http-get';
import { httpRangeSource } from '@murmuration/media/http-range-source';
import { afterEach, describe, expect, it, vi } from 'vitest';

const servers: (Server | TcpServer)[] = [];
const getter = createHttpGetter();
afterEach(() => {
  vi.useRealTimers();
  for (const server of servers.splice(0)) {
    server.close();
    if ('closeAllConnections' in server) server.closeAllConnections();
  }
});

async function address(server: Server | TcpServer): Promise<URL> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/talk.mp3`);
}
const serve = (answer: RequestListener) => address(createPlainServer(answer));

/** 1,000 bytes a second at least, looked at ten times a second. */
const options = {
  headers: {},
  reach: 'network' as const,
  timeoutSeconds: 5,
  pace: { leastBytesPerSecond: 1000, overSeconds: 0.1 },
};

/** Sends a little at a time, and never ends by itself. */
const drip: RequestListener = (_, response) => {
  response.writeHead(200);
  const timer = setInterval(() => response.write('.'), 20);
  response.on('close', () => clearInterval(timer));
};

describe('what an address sends', () => {
  it('is given up where it comes too slowly', async () => {
    const { response } = await getter.get(await serve(drip), options);
    await expect(buffer(response)).rejects.toThrow('it sends less than 1 KiB a second');
  });

  it('is given up where its beginning comes letter by letter', async () => {
    const slow = createTcpServer((socket) => {
      socket.on('error', () => undefined);
      socket.write('HTTP/1.1 200 OK\r\nx-a: ');
      const timer = setInterval(() => socket.write('a'), 20);
      socket.on('close', () => clearInterval(timer));
    });
    const got = getter.get(await address(slow), { ...options, timeoutSeconds: 0.3 });
    await expect(got).rejects.toThrow('no answer for 0.3 s');
  });

  it('is waited for by who reads slowly, however long that takes', async () => {
    const url = await serve((_, response) => response.end(Buffer.alloc(4 << 20)));
    const { response } = await getter.get(url, options);
    let sizeBytes = 0;
    for await (const chunk of response) {
      // Longer than the pace is looked at
      if (sizeBytes === 0) await wait(400);
      sizeBytes += (chunk as Buffer).length;
    }
    expect(sizeBytes).toBe(4 << 20);
  });

  it('is waited for by who has just emptied the buffer, for that wait began a moment ago', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const url = await serve((_, response) => response.end(Buffer.alloc(4 << 20)));
    const { response } = await getter.get(url, options);
    await once(response, 'readable');
    vi.advanceTimersByTime(250);
    const first: Buffer = response.read();
    vi.advanceTimersByTime(50);
    expect(first.length + (await buffer(response)).length).toBe(4 << 20);
  });

  it('is asked for once where it comes too slowly, for another try would not be faster', async () => {
    let asked = 0;
    const url = await serve((_, response) => {
      asked++;
      response.writeHead(206, { 'content-range': 'bytes 0-999999/1000000', 'content-length': 1_000_000 });
      response.write('.');
    });
    const { reach, timeoutSeconds, pace } = options;
    const source = httpRangeSource({
      ...{ name: 'a', url, sizeBytes: 1_000_000, etag: undefined, getter },
      limits: { reach, timeoutSeconds, pace },
    });
    await expect(source.read(0, 1_000_000)).rejects.toThrow('it sends less than 1 KiB a second');
    expect(asked).toBe(1);
  });

  it('is not read of an answer that only says where else to ask', async () => {
    const url = await serve((request, response) => {
      if (request.url === '/there') return response.end('found');
      response.writeHead(302, { location: '/there' });
      drip(request, Object.assign(response, { writeHead: () => response }));
    });
    const { response } = await getter.get(url, options);
    expect((await buffer(response)).toString()).toBe('found');
  });
});
