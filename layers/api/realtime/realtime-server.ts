import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { ApiApp } from '../api-app.ts';
import { STREAMS_AT_ONCE } from '../contract/api-key.ts';
import { realtimeSession } from './realtime-session.ts';
import { SOCKET_PROTOCOL, socketAuthorization } from './socket-key.ts';
import type { AdmittedStream, SpeechLimits, SpeechPorts } from './speech-session.ts';

export interface RealtimeLimits extends SpeechLimits {
  /** Streams that are open at once. */
  readonly mostStreams: number;
}

export interface RealtimeServer {
  /** For the `upgrade` event of an HTTP server. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Ends all streams at once. */
  close(): void;
}

const MOST_MESSAGE_BYTES = 1_048_576;

/** Serves `GET /v1/realtime`; `app` decides who may. */
export function realtimeServer(app: ApiApp, ports: SpeechPorts, limits: RealtimeLimits): RealtimeServer {
  /** By the ids of their keys. */
  const open = new Map<string, number>();
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MOST_MESSAGE_BYTES,
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has(SOCKET_PROTOCOL) ? SOCKET_PROTOCOL : false),
  });

  async function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    let admitted: AdmittedStream | undefined;
    const asked = toFetch(request);
    if (asked === undefined) return refuse(socket, unreadable());
    const answer = await app.fetch(asked, {
      admit: (stream: AdmittedStream) => {
        admitted = stream;
      },
    });
    if (socket.destroyed) return;
    if (admitted === undefined) return refuse(socket, answer);
    if (sockets.clients.size >= limits.mostStreams) {
      return refuse(socket, tooMany(limits.mostStreams, admitted.requestId));
    }
    const stream = admitted;
    const { id, streamsAtOnce = STREAMS_AT_ONCE } = stream.key;
    const ofKey = open.get(id) ?? 0;
    if (ofKey >= streamsAtOnce)
      return refuse(socket, tooMany(streamsAtOnce, stream.requestId, ' of this key'));
    sockets.handleUpgrade(request, socket, head, (client) => {
      open.set(id, (open.get(id) ?? 0) + 1);
      client.once('close', () => open.set(id, open.get(id)! - 1));
      realtimeSession(client, stream, ports, limits);
    });
  }

  return {
    upgrade(request, socket, head) {
      const drop = () => socket.destroy();
      socket.on('error', drop);
      upgrade(request, socket, head)
        .catch((error: unknown) => {
          ports.onError(error, 'upgrade');
          drop();
        })
        .finally(() => socket.off('error', drop));
    },
    close() {
      for (const client of sockets.clients) client.close(1001, 'the server stops');
      setTimeout(() => {
        for (const client of sockets.clients) client.terminate();
      }, 500).unref();
    },
  };
}

/** Undefined where its address or its `Host` is none: anybody may send such, with any key or none. */
function toFetch(request: IncomingMessage): Request | undefined {
  const headers = new Headers();
  for (const name of ['host', 'origin', 'x-request-id'] as const) {
    const value = request.headers[name];
    if (typeof value === 'string') headers.set(name, value);
  }
  const { authorization, 'sec-websocket-protocol': protocols } = request.headers;
  const shown = socketAuthorization({ authorization, protocols });
  if (shown !== undefined) headers.set('authorization', shown);
  try {
    const address = new URL(request.url ?? '/', `http://${request.headers.host ?? 'localhost'}`);
    return new Request(address, { headers });
  } catch {
    return undefined;
  }
}

function unreadable(): Response {
  const message = 'the address or the Host of this handshake cannot be read: send them as RFC 9112 says';
  const error = { message, type: 'invalid_request_error', param: null, code: 'invalid-argument' };
  return Response.json({ error }, { status: 400 });
}

function tooMany(mostStreams: number, requestId: string, whose = ''): Response {
  const message = `${mostStreams} streams${whose} are open, no more are served at once: come back in a while`;
  const error = { message, type: 'requests', param: null, code: 'rate_limit_exceeded' };
  return Response.json(
    { error },
    { status: 429, headers: { 'retry-after': '5', 'x-request-id': requestId } },
  );
}

async function refuse(socket: Duplex, answer: Response): Promise<void> {
  const body = await answer.text();
  const headers = [...answer.headers].map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const status = `${answer.status} ${STATUS_CODES[answer.status] ?? ''}`;
  const length = `content-length: ${Buffer.byteLength(body)}\r\n`;
  socket.end(`HTTP/1.1 ${status}\r\n${headers}${length}connection: close\r\n\r\n${body}`);
}
