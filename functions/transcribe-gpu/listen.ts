import type { Server } from 'node:http';
import { serve } from '@hono/node-server';
import { drainServer } from '@murmuration/pipeline/drain-server';
import type { Hono } from 'hono';

export interface Listening {
  readonly port: number;
  /** Takes no more connections, and comes back when all requests are answered or the time is over. */
  drain(seconds: number): Promise<void>;
}

/** Serves `app`; port 0 takes a free one. Throws where the port is taken. */
export function listen(app: Hono, port: number, hostname: string): Promise<Listening> {
  return new Promise((resolve, reject) => {
    const server = serve({ fetch: app.fetch, port, hostname }, ({ port }) => {
      resolve({ port, drain: (seconds) => drainServer(server, seconds) });
    }) as Server;
    // A client that sends its body a byte at a time holds a place for no longer
    server.requestTimeout = 30_000;
    server.once('error', reject);
  });
}
