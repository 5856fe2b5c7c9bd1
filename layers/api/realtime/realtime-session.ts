import type { RawData, WebSocket } from 'ws';
import { readCommand } from './read-command.ts';
import {
  type AdmittedStream,
  type SpeechLimits,
  type SpeechPorts,
  type SpeechSession,
  speechSession,
} from './speech-session.ts';

/** Audio that may wait for the engine; beyond it the socket is not read, so that the client has to wait. */
const MOST_WAITING_SECONDS = 10;
const RESUME_BELOW_SECONDS = 5;
/** What a client may leave unread. */
const MOST_UNREAD_BYTES = 1_000_000;

/** A client on a socket of this process. */
export function realtimeSession(
  client: WebSocket,
  stream: AdmittedStream,
  ports: SpeechPorts,
  limits: SpeechLimits,
): void {
  let resume: ReturnType<typeof setInterval> | undefined;
  const ticking = setInterval(() => session.tick(), 1000);
  const session = speechSession(
    {
      send(message) {
        if (client.bufferedAmount > MOST_UNREAD_BYTES) client.terminate();
        else client.send(JSON.stringify(message));
      },
      close: (code, reason) => client.close(code, reason),
    },
    stream,
    ports,
    limits,
  );

  function waitForEngine(): void {
    if (session.waitingSeconds < MOST_WAITING_SECONDS || resume !== undefined) return;
    client.pause();
    resume = setInterval(() => {
      session.wake();
      if (session.waitingSeconds > RESUME_BELOW_SECONDS) return;
      clearInterval(resume);
      resume = undefined;
      client.resume();
    }, 20);
  }

  client.on('message', (data, isBinary) => {
    if (client.readyState !== client.OPEN) return;
    receive(session, data, isBinary);
    waitForEngine();
  });
  // What is too large or is no WebSocket: `ws` closes it
  client.on('error', () => {});
  client.on('close', () => {
    clearInterval(resume);
    clearInterval(ticking);
    session.stop();
    session.settle().catch((error: unknown) => ports.onError(error, stream.requestId));
  });
}

function receive(session: SpeechSession, data: RawData, isBinary: boolean): void {
  if (isBinary) {
    session.take(data as Buffer);
    return;
  }
  try {
    const command = readCommand(String(data));
    if (command.kind === 'end') session.end();
    else session.take(Buffer.from(command.audio, 'base64'));
  } catch (error) {
    session.fail(error);
  }
}
