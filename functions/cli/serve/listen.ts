import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { serve } from '@hono/node-server';
import type { ApiApp } from '@murmuration/api/api-app';
import { drainServer } from '@murmuration/pipeline/drain-server';
import { MurmurationError } from '@murmuration/pipeline/errors';
import { servePlainly, wantsSocket } from './serve-plainly.ts';

export interface Listening {
  readonly port: number;
  /** Takes no more connections, and comes back when all requests are answered or the time is over. */
  drain(seconds: number): Promise<void>;
}

/** Bytes: Deepgram's clients write hundreds of terms into an address. */
const maxHeaderSize = 128 << 10;

/** `shouldUpgradeCallback` is asked from Node 24.9 on; before, every offer of another protocol is an `upgrade`. */
const serverOptions = { maxHeaderSize, shouldUpgradeCallback: wantsSocket };

/** Serves `app`; port 0 takes a free one. `onUpgrade` is told of WebSockets alone. Throws `invalid-argument` where the port cannot be had. */
export function listen(
  app: ApiApp,
  port: number,
  hostname: string,
  onUpgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void,
): Promise<Listening> {
  return new Promise((resolve, reject) => {
    const server = serve({ fetch: app.fetch, port, hostname, serverOptions }, ({ port }) => {
      resolve({ port, drain: (seconds) => drainServer(server, seconds) });
    }) as Server;
    server.on('upgrade', (request, socket, head) => {
      if (wantsSocket(request)) onUpgrade(request, socket, head);
      else servePlainly(server, request, socket, head);
    });
    // A large recording over a slow line takes its time, the head of a request does not
    server.headersTimeout = 30_000;
    server.requestTimeout = 3_600_000;
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const reason =
        cause.code === 'EADDRINUSE'
          ? `port ${port} of ${hostname} is taken, perhaps by another "murmuration serve": choose another --port, or 0 for any`
          : `cannot listen on ${hostname}:${port} (${cause.code}): choose another --host or --port`;
      reject(new MurmurationError('invalid-argument', reason, { cause }));
    });
  });
}
