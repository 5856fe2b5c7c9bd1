import type { Streams } from '../api-ports.ts';
import type { ListenerCall } from '../contract/listener-call.ts';
import type { LiveMessage } from '../contract/live-message.ts';
import { continuedLive } from './continued-live.ts';
import { fitMessage, lastBytes } from './fit-message.ts';
import type { SocketMessage, SocketMessages, SocketReplies } from './socket-messages.ts';
import { socketOutbox } from './socket-outbox.ts';
import { type SpeechLimits, type SpeechPorts, type SpeechSession, speechSession } from './speech-session.ts';
import { streamPlace } from './stream-place.ts';

export interface ListenPorts extends SpeechPorts {
  readonly messages: SocketMessages;
  readonly replies: SocketReplies;
  readonly streams: Pick<Streams, 'keep' | 'close'>;
  readonly wait: (milliseconds: number) => Promise<unknown>;
}

export interface ListenLimits extends SpeechLimits {
  /** From then on it stops where somebody pauses, and another one goes on. */
  readonly handOverFromSeconds: number;
  /** Then it stops wherever it is. */
  readonly handOverBySeconds: number;
}

/** Between two looks for new messages. */
const LOOK_MILLISECONDS = 100;
/** Audio that may wait for the engine; beyond it messages stay where they are. */
const MOST_WAITING_SECONDS = 10;
/** Between two words that the stream is still there. */
const KEEP_SECONDS = 30;
/** Of the text so far, that goes on to the next listener: Lambda takes 256 KB, and a client half of that. */
const MOST_TEXT_BYTES = 120_000;
/** Heard again after a pause, since a voice is recognised a little late. */
const LEAD_SECONDS = 0.3;

/**
 * Hears one connection to its end, from the messages that were kept of it. Answers the call that another listener should
 * have, where it had to stop before; undefined where all is done.
 */
export async function listenToSocket(
  { connectionId, stream, place: placeOfKey, from }: ListenerCall,
  ports: ListenPorts,
  limits: ListenLimits,
): Promise<ListenerCall | undefined> {
  const { messages, replies, streams, ledger, clock, wait, onError } = ports;
  const { key, requestId } = stream;
  if (!(await messages.claim(connectionId, from.index))) return undefined;
  const startedAt = clock();
  const elapsedSeconds = () => from.elapsedSeconds + (clock() - startedAt) / 1000;
  let keptAt = startedAt;
  const said = [from.text];
  const place = streamPlace(from);
  let session: SpeechSession | undefined;
  /** From where on words may still change. */
  let openSeconds = from.seconds;
  let hasPaused = false;
  let shouldClose = false;

  const outbox = socketOutbox(
    (text) => replies.post(connectionId, text),
    (error) => {
      if (error !== undefined) onError(error, stream.requestId);
      shouldClose = error !== undefined;
      session?.stop();
    },
  );

  function send(message: LiveMessage): void {
    const whole = message.kind === 'done' && from.isCut ? { ...message, isCut: from.isCut } : message;
    for (const part of fitMessage(whole)) outbox.push(part);
    hasPaused = message.kind === 'pause';
    if (message.kind === 'pause') openSeconds = Math.max(openSeconds, message.atSeconds - LEAD_SECONDS);
    if (message.kind !== 'final') return;
    openSeconds = message.words.at(-1)!.endSeconds;
    said.push(...message.words.map((word) => word.text));
  }

  const open = () =>
    speechSession(
      {
        send,
        close: () => {
          shouldClose = true;
        },
      },
      stream,
      { ...ports, openLive: continuedLive(ports.openLive, from) },
      limits,
      { ...from, elapsedSeconds: elapsedSeconds() },
    );

  function take(hearing: SpeechSession, message: SocketMessage): void {
    if (message.kind === 'gone') hearing.stop();
    else if (message.index !== place.index) return;
    else if (message.kind === 'audio') hearing.take(place.take(message));
    else {
      place.pass();
      hearing.end();
    }
  }

  function isTooLong(): boolean {
    const seconds = (clock() - startedAt) / 1000;
    if (session === undefined) return seconds > limits.idleSeconds;
    return seconds > limits.handOverBySeconds || (hasPaused && seconds > limits.handOverFromSeconds);
  }

  async function keepPlace(): Promise<void> {
    if (clock() - keptAt < KEEP_SECONDS * 1000) return;
    keptAt = clock();
    await streams.keep(key, requestId, placeOfKey);
  }

  while (session === undefined || !session.isOver) {
    if (isTooLong()) break;
    await keepPlace();
    session?.tick();
    if (session !== undefined && session.waitingSeconds > MOST_WAITING_SECONDS) session.wake();
    else {
      const found = await messages.read(connectionId, place.index);
      // Nothing can be posted before API Gateway has opened the connection: its first message shows that it has
      if (found.length > 0) session ??= open();
      for (const message of found) if (session !== undefined) take(session, message);
    }
    if (!session?.isOver) await wait(LOOK_MILLISECONDS);
  }
  if (session === undefined) {
    await replies.close(connectionId);
    await ledger.settle(requestId, elapsedSeconds());
    await streams.close(key, requestId, placeOfKey);
    return undefined;
  }
  const isDone = session.isOver;
  const { bookedSeconds } = session;
  openSeconds = Math.max(openSeconds, from.seconds + session.openSeconds);
  session.stop();
  await outbox.emptied();
  if (shouldClose) await replies.close(connectionId);
  if (isDone) {
    await session.settle();
    await streams.close(key, requestId, placeOfKey);
    return undefined;
  }
  const text = said.join('').trim();
  const end = lastBytes(text, MOST_TEXT_BYTES);
  const isCut = from.isCut || end !== text ? { isCut: true as const } : {};
  const rest = { ...place.placeOf(openSeconds), text: end, ...isCut, bookedSeconds };
  return { connectionId, stream, place: placeOfKey, from: { ...rest, elapsedSeconds: elapsedSeconds() } };
}
