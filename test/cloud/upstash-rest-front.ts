import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Redis } from 'ioredis';

export interface UpstashRestFrontOptions {
  readonly redisPort: number;
  /** What callers must bear. */
  readonly token: string;
  /** @default a free one */
  readonly port?: number;
}

export interface UpstashRestFront {
  readonly url: string;
  close(): Promise<void>;
}

/** What Redis answers: bulk strings and states come as bytes. */
type Reply = Buffer | number | null | Error | Reply[];

type Command = readonly [string, ...(string | number)[]];

/**
 * Upstash's REST interface in front of a real redis-server, on this machine alone: `POST /` takes a command,
 * `/pipeline` and `/multi-exec` take lists of them. While Redis is down every command is answered with an error.
 */
export async function startUpstashRestFront({
  redisPort,
  token,
  port = 0,
}: UpstashRestFrontOptions): Promise<UpstashRestFront> {
  const redis = new Redis(redisPort, '127.0.0.1', {
    // A request that finds Redis down is told so at once, and the next one finds it up again
    maxRetriesPerRequest: 0,
    retryStrategy: () => 100,
  });
  // Each request meets its own failure
  redis.on('error', () => undefined);

  const run = ([name, ...args]: Command): Promise<Reply> =>
    redis.callBuffer(name, ...args).catch((error: Error) => error) as Promise<Reply>;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.headers.authorization !== `Bearer ${token}`) {
      return send(response, 401, { error: 'Unauthorized' });
    }
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = JSON.parse(Buffer.concat(chunks).toString());
    const encoding = request.headers['upstash-encoding'] === 'base64' ? 'base64' : 'utf8';
    if (request.url === '/pipeline') {
      const replies = await Promise.all((body as Command[]).map(run));
      return send(
        response,
        200,
        replies.map((reply) => toResult(reply, encoding)),
      );
    }
    if (request.url === '/multi-exec') {
      const multi = redis.multi();
      for (const [name, ...args] of body as Command[]) multi.callBuffer(name, ...args);
      const replies = ((await multi.exec()) ?? []).map(([error, reply]) => error ?? (reply as Reply));
      return send(
        response,
        200,
        replies.map((reply) => toResult(reply, encoding)),
      );
    }
    const reply = await run(body as Command);
    send(response, reply instanceof Error ? 400 : 200, toResult(reply, encoding));
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error: Error) => send(response, 500, { error: error.message }));
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      redis.disconnect();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function toResult(reply: Reply, encoding: BufferEncoding): { result: unknown } | { error: string } {
  return reply instanceof Error ? { error: reply.message } : { result: toJson(reply, encoding) };
}

function toJson(reply: Reply, encoding: BufferEncoding): unknown {
  if (Array.isArray(reply)) return reply.map((item) => toJson(item, encoding));
  if (!Buffer.isBuffer(reply)) return reply;
  // Upstash leaves this one as it is, and its client knows
  return reply.toString() === 'OK' ? 'OK' : reply.toString(encoding);
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
