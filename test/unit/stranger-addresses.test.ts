import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { download } from '../../functions/api/download.ts';
import { lambdaTranscriber } from '../../functions/api/lambda-transcriber.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

async function serve(answer: RequestListener): Promise<URL> {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/talk.mp3?signature=secret`);
}
const fetched = (url: URL, limits: object = {}) =>
  buffer(download(url, { mostBytes: 1000, reach: 'network', ...limits }));
const refusal = { code: 'invalid-argument', details: { param: 'file_url' } };

/** Sends a little at a time, and never ends. */
const drip: RequestListener = (_, response) => {
  response.writeHead(200);
  const timer = setInterval(() => response.write('.'), 20);
  response.on('close', () => clearInterval(timer));
};

describe('a recording at an address of a stranger', () => {
  it('is fetched as it is', async () => {
    const url = await serve((_, response) => response.end('sound'));
    expect((await fetched(url)).toString()).toBe('sound');
  });

  it.each([
    ['is larger than it may be', 'body-too-large', { mostBytes: 4 }],
    ['does not come in time', 'invalid-argument', { mostSeconds: 0.3 }],
    ['comes too slowly', 'invalid-argument', { pace: { leastBytesPerSecond: 1e6, overSeconds: 0.1 } }],
  ])('is given up where it %s, and its address is not told', async (_, code, limits) => {
    const failed = await fetched(await serve(drip), limits).catch((error: unknown) => error);
    expect(failed).toMatchObject({ code, details: { param: 'file_url' } });
    expect(String(failed)).toContain('127.0.0.1');
    expect(String(failed)).not.toContain('secret');
  });

  it('is refused where its address leads nowhere, or breaks off', async () => {
    const missing = await serve((_, response) => response.writeHead(404).end());
    await expect(fetched(missing)).rejects.toMatchObject(refusal);
    const broken = await serve((_, response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('.', () => response.destroy());
    });
    await expect(fetched(broken)).rejects.toMatchObject(refusal);
    await expect(fetched(missing, { reach: 'public' })).rejects.toThrow(
      'leads to no address that may be asked',
    );
  });

  it('holds nobody who only wants to know what is in it', async () => {
    const transcriber = lambdaTranscriber({
      ...{ mediaFolder: undefined, reach: 'network', modelId: 'm', cache: undefined },
      fetchModel: () => Promise.reject(new Error('nobody hears anything here')),
      patience: { probeSeconds: 0.3, transcribeSeconds: 0.3 },
    });
    const failed = transcriber.probe(await serve(drip));
    await expect(failed).rejects.toMatchObject({
      code: 'media-unreadable',
      message: expect.stringContaining('was not read within 0.3 s'),
    });
  });
});
