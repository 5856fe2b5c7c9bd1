import { errorPolicy, MurmurationError } from '@murmuration/pipeline/errors';
import type { Clock } from '@murmuration/pipeline/ports';
import { z } from 'zod';
import type { ApiApp } from '../api-app.ts';
import type { Ledger, Streams } from '../api-ports.ts';
import { describeError } from '../contract/api-error-body.ts';
import { type ApiKey, STREAMS_AT_ONCE } from '../contract/api-key.ts';
import { ListenerCall } from '../contract/listener-call.ts';
import { readCommand } from './read-command.ts';
import { SOCKET_PROTOCOL, socketAuthorization } from './socket-key.ts';
import type { SocketMessage, SocketMessages, SocketReplies } from './socket-messages.ts';
import type { AdmittedStream } from './speech-session.ts';
import { liveBudgetSpent, PORTION_SECONDS } from './stream-account.ts';

/** What API Gateway hands on of a WebSocket. */
const SocketEvent = z.object({
  requestContext: z.looseObject({
    eventType: z.enum(['CONNECT', 'MESSAGE', 'DISCONNECT']),
    connectionId: z.string().min(1),
    /** Of this event, another for each. */
    requestId: z.string().min(1),
    /** Of the connection, in milliseconds of the epoch. */
    connectedAt: z.number(),
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
  readonly streams: Streams;
  readonly ledger: Pick<Ledger, 'spend' | 'settle'>;
  readonly clock: Clock;
}

/** Of one connection: the limit of the stage is for all together. Frames of 40 ms are 25. */
const MESSAGES_PER_SECOND = 25;
const MESSAGES_AT_ONCE = 250;

/**
 * Lets clients in, and keeps what they send for the listener that is begun for each; `app` decides who may. Throws what
 * the ports throw.
 */
export function socketGate(
  app: ApiApp,
  { messages, replies, startListener, streams, ledger, clock }: GatePorts,
) {
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
    const place = await reserve(stream);
    if (place instanceof MurmurationError) return refusal(place, stream.requestId);
    try {
      await startListener({ connectionId: requestContext.connectionId, stream, place });
    } catch (error) {
      await release(stream, place);
      throw error;
    }
    const offered = (headers['sec-websocket-protocol'] ?? '').split(/[ ,]+/);
    if (!offered.includes(SOCKET_PROTOCOL)) return { statusCode: 200 };
    return { statusCode: 200, headers: { 'Sec-WebSocket-Protocol': SOCKET_PROTOCOL } };
  }

  /** A place among the streams of its key, and the first portion of its budget: a function costs from its start. */
  async function reserve({ key, requestId }: AdmittedStream): Promise<number | MurmurationError> {
    const place = await streams.open(key, requestId);
    if (place === undefined) return tooManyStreams(key);
    if (await ledger.spend(key, PORTION_SECONDS, requestId)) return place;
    await streams.close(key, requestId, place);
    return liveBudgetSpent();
  }

  async function release({ key, requestId }: AdmittedStream, place: number, usedSeconds = 0): Promise<void> {
    await ledger.settle(requestId, usedSeconds);
    await streams.close(key, requestId, place);
  }

  async function tell(connectionId: string, error: unknown, requestId: string): Promise<void> {
    const { code, body } = describeError(error, requestId);
    const { message } = body.error;
    if (await replies.post(connectionId, JSON.stringify({ kind: 'error', code, message }))) {
      await replies.close(connectionId);
    }
  }

  /** Nobody hears this client any more: it is told. */
  async function giveUp({ requestContext, requestPayload }: z.infer<typeof LostListener>): Promise<void> {
    const { connectionId, stream, place, from } = requestPayload;
    // Lambda waited for a place, within what the account may run at once
    const hasWaited = requestContext.condition === 'EventAgeExceeded';
    const error = hasWaited
      ? new MurmurationError('rate-limited', 'too many streams are open: come back in a while')
      : undefined;
    await tell(connectionId, error, stream.requestId);
    // How long one that broke off has listened nobody knows: what was booked for it is used
    if (hasWaited) await release(stream, place, Math.max(from.seconds, from.elapsedSeconds));
    else await streams.close(stream.key, stream.requestId, place);
  }

  /** Keeps it for the listener. Throws where it cannot be used. */
  async function keep({ requestContext, body }: SocketEvent): Promise<void> {
    const { connectionId, requestId, connectedAt } = requestContext;
    const message = messageIn(body ?? '');
    const most = MESSAGES_AT_ONCE + (MESSAGES_PER_SECOND * (clock() - connectedAt)) / 1000;
    if (message.index > most) {
      throw new MurmurationError(
        'rate-limited',
        `message ${message.index} comes too soon: send ${MESSAGES_PER_SECOND} a second, or longer ones`,
      );
    }
    if (await messages.put(connectionId, message, requestId)) return;
    throw new MurmurationError(
      'invalid-argument',
      `another message had index ${message.index}: count each once`,
    );
  }

  return async (event: unknown): Promise<SocketAnswer | undefined> => {
    const lost = LostListener.safeParse(event);
    if (lost.success) {
      await giveUp(lost.data);
      return undefined;
    }
    const parsed = SocketEvent.parse(event);
    const { eventType, connectionId, requestId } = parsed.requestContext;
    if (eventType === 'CONNECT') return connect(parsed);
    if (eventType === 'DISCONNECT') await messages.put(connectionId, { kind: 'gone' }, requestId);
    else await keep(parsed).catch((error: unknown) => tellUnlessOurs(connectionId, error, requestId));
    return { statusCode: 200 };
  };

  /** Closed at once: each message more costs a function. */
  async function tellUnlessOurs(connectionId: string, error: unknown, requestId: string): Promise<void> {
    const isOurs = !(error instanceof MurmurationError) || errorPolicy[error.code].httpStatus >= 500;
    if (isOurs) throw error;
    await tell(connectionId, error, requestId);
  }
}

function tooManyStreams({ streamsAtOnce = STREAMS_AT_ONCE }: ApiKey): MurmurationError {
  return new MurmurationError(
    'rate-limited',
    `this key has ${streamsAtOnce} streams open, as many as it may: close one, or come back in a while`,
    { details: { retryAfterSeconds: 5 } },
  );
}

function refusal(error: MurmurationError, requestId: string): SocketAnswer {
  const { status, body, retryAfterSeconds } = describeError(error, requestId);
  const wait = retryAfterSeconds === undefined ? {} : { 'retry-after': `${retryAfterSeconds}` };
  return {
    statusCode: status,
    headers: { 'content-type': 'application/json', 'x-request-id': requestId, ...wait },
    body: JSON.stringify(body),
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

/** Throws where it is none, or has no place. */
function messageIn(text: string): SocketMessage & { readonly index: number } {
  const { kind, index, ...command } = readCommand(text);
  if (index === undefined) {
    throw new MurmurationError('invalid-argument', `"${kind}" needs an index here: count from 0`);
  }
  if (kind === 'end') return { kind, index };
  return { kind, index, audio: Buffer.from('audio' in command ? command.audio : '', 'base64') };
}

function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
