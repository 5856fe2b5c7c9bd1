import { MurmurationError } from '@murmuration/pipeline/errors';
import { z } from 'zod';
import type { ApiApp } from '../api-app.ts';
import { describeError } from '../contract/api-error-body.ts';
import { ListenerCall } from '../contract/listener-call.ts';
import { readCommand } from './read-command.ts';
import { SOCKET_PROTOCOL, socketAuthorization } from './socket-key.ts';
import type { SocketMessage, SocketMessages, SocketReplies } from './socket-messages.ts';
import type { AdmittedStream } from './speech-session.ts';

/** What API Gateway hands on of a WebSocket. */
const SocketEvent = z.object({
  requestContext: z.looseObject({
    eventType: z.enum(['CONNECT', 'MESSAGE', 'DISCONNECT']),
    connectionId: z.string().min(1),
  }),
  headers: z.record(z.string(), z.string()).nullish(),
  queryStringParameters: z.record(z.string(), z.string()).nullish(),
  body: z.string().nullish(),
});
type SocketEvent = z.infer<typeof SocketEvent>;

/** What Lambda hands on of a listener that did not come to its end. */
const LostListener = z.object({
  requestContext: z.looseObject({ condition: z.string() }),
  requestPayload: ListenerCall,
});

/** What it wants to know. */
export interface SocketAnswer {
  readonly statusCode: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface GatePorts {
  readonly messages: Pick<SocketMessages, 'put'>;
  readonly replies: SocketReplies;
  readonly startListener: (call: z.input<typeof ListenerCall>) => Promise<void>;
}

/**
 * Lets clients in, and keeps what they send for the listener that is begun for each; `app` decides who may. Throws what
 * the ports throw.
 */
export function socketGate(app: ApiApp, { messages, replies, startListener }: GatePorts) {
  async function connect({ requestContext, ...event }: SocketEvent): Promise<SocketAnswer> {
    let stream: AdmittedStream | undefined;
    const admit = (admitted: AdmittedStream) => {
      stream = admitted;
    };
    const headers = lowerCased(event.headers ?? {});
    const answer = await app.fetch(handshake(headers, event), { requestContext, admit });
    if (stream === undefined) {
      return {
        statusCode: answer.status,
        headers: Object.fromEntries(answer.headers),
        body: await answer.text(),
      };
    }
    await startListener({ connectionId: requestContext.connectionId, stream });
    const offered = (headers['sec-websocket-protocol'] ?? '').split(/[ ,]+/);
    if (!offered.includes(SOCKET_PROTOCOL)) return { statusCode: 200 };
    return { statusCode: 200, headers: { 'Sec-WebSocket-Protocol': SOCKET_PROTOCOL } };
  }

  /** Nobody hears this client any more: it is told. */
  async function giveUp({ requestContext, requestPayload }: z.infer<typeof LostListener>): Promise<void> {
    const { connectionId, stream } = requestPayload;
    // Lambda waited for a place, within what the account may run at once
    const error =
      requestContext.condition === 'EventAgeExceeded'
        ? new MurmurationError('rate-limited', 'too many streams are open: come back in a while')
        : undefined;
    const { code, body } = describeError(error, stream.requestId);
    const { message } = body.error;
    if (await replies.post(connectionId, JSON.stringify({ kind: 'error', code, message }))) {
      await replies.close(connectionId);
    }
  }

  return async (event: unknown): Promise<SocketAnswer | undefined> => {
    const lost = LostListener.safeParse(event);
    if (lost.success) {
      await giveUp(lost.data);
      return undefined;
    }
    const parsed = SocketEvent.parse(event);
    const { eventType, connectionId } = parsed.requestContext;
    if (eventType === 'CONNECT') return connect(parsed);
    const message: SocketMessage =
      eventType === 'DISCONNECT' ? { kind: 'gone' } : messageIn(parsed.body ?? '');
    await messages.put(connectionId, message);
    return { statusCode: 200 };
  };
}

function handshake(
  headers: Record<string, string>,
  { queryStringParameters }: Partial<SocketEvent>,
): Request {
  const authorization = socketAuthorization({
    authorization: headers['authorization'],
    protocols: headers['sec-websocket-protocol'],
  });
  const query = new URLSearchParams(queryStringParameters ?? {});
  return new Request(`https://gateway/v1/realtime?${query}`, {
    headers: authorization === undefined ? {} : { authorization },
  });
}

/** What cannot be used goes the same way as all else, so that the listener tells the client. */
function messageIn(text: string): SocketMessage {
  try {
    const { kind, index, ...command } = readCommand(text);
    if (index === undefined) return { kind: 'fault', message: `"${kind}" needs an index here: count from 0` };
    if (kind === 'end') return { kind, index };
    return { kind, index, audio: Buffer.from('audio' in command ? command.audio : '', 'base64') };
  } catch (error) {
    if (error instanceof MurmurationError) return { kind: 'fault', message: error.message };
    throw error;
  }
}

function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
