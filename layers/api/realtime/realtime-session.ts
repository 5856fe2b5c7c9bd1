import { MurmurationError } from '@murmuration/pipeline/errors';
import type { RawData, WebSocket } from 'ws';
import { describeError } from '../contract/api-error-body.ts';
import { LiveCommand, type LiveMessage } from '../contract/live-message.ts';
import type { LiveSpeech } from './live-port.ts';
import type { AdmittedStream, RealtimePorts } from './realtime-server.ts';

export interface RealtimeLimits {
  /** Streams that are open at once. */
  readonly mostStreams: number;
  /** Without a word from the client for so long a stream is closed. */
  readonly idleSeconds: number;
  /** Of audio, in one stream. */
  readonly longestSeconds: number;
}

/** Audio that may wait for the engine; beyond it the socket is not read, so that the client has to wait. */
const MOST_WAITING_SECONDS = 10;
const RESUME_BELOW_SECONDS = 5;
/** What a client may leave unread. */
const MOST_UNREAD_BYTES = 1_000_000;
/** Audio is booked to the key in such portions. */
const BOOKED_SECONDS = 10;
const BYTES_PER_SECOND = 32_000;

/** One client, from its first sample to the last word. */
export function realtimeSession(
  client: WebSocket,
  { key, requestId, settings }: AdmittedStream,
  { openLive, ledger, onError }: RealtimePorts,
  limits: RealtimeLimits,
): void {
  let bytes = 0;
  let bookedSeconds = 0;
  let idle = setTimeout(() => {}, 0);
  let resume: ReturnType<typeof setInterval> | undefined;
  let live: LiveSpeech | undefined;

  function send(message: LiveMessage): void {
    if (client.bufferedAmount > MOST_UNREAD_BYTES) client.terminate();
    else client.send(JSON.stringify(message));
  }

  function fail(error: unknown): void {
    const { body, status, code } = describeError(error, requestId);
    if (status >= 500) onError(error, requestId);
    send({ kind: 'error', code, message: body.error.message });
    client.close(status >= 500 ? 1011 : 1008, code);
  }

  function wakeful(): void {
    clearTimeout(idle);
    idle = setTimeout(
      () => fail(problem(`nothing came for ${limits.idleSeconds} s: send audio, or {"kind":"end"}`)),
      limits.idleSeconds * 1000,
    );
  }

  async function book(): Promise<void> {
    bookedSeconds += BOOKED_SECONDS;
    if (await ledger.spend(key, BOOKED_SECONDS)) return;
    throw new MurmurationError(
      'budget-spent',
      "this key's budget for this month is spent: raise it, or wait",
    );
  }

  function take(data: Buffer): void {
    if (data.length % 2 === 1) throw problem('a frame has half a sample: send 16 kHz mono s16le');
    bytes += data.length;
    if (bytes > limits.longestSeconds * BYTES_PER_SECOND) {
      throw problem(`a stream may have ${limits.longestSeconds} s: begin another one`);
    }
    if (bytes / BYTES_PER_SECOND > bookedSeconds) book().catch(fail);
    live!.push(data);
    if (live!.waitingSeconds < MOST_WAITING_SECONDS || resume !== undefined) return;
    client.pause();
    resume = setInterval(() => {
      wakeful();
      if (live!.waitingSeconds > RESUME_BELOW_SECONDS) return;
      clearInterval(resume);
      resume = undefined;
      client.resume();
    }, 20);
  }

  function receive(data: RawData, isBinary: boolean): void {
    wakeful();
    if (isBinary) {
      take(data as Buffer);
      return;
    }
    if (!isEnd(String(data))) throw problem('the only text that is understood is {"kind":"end"}');
    clearTimeout(idle);
    live!.end();
  }

  client.on('message', (data, isBinary) => {
    if (client.readyState !== client.OPEN) return;
    try {
      receive(data, isBinary);
    } catch (error) {
      fail(error);
    }
  });
  // What is too large or is no WebSocket: `ws` closes it
  client.on('error', () => {});
  client.on('close', () => {
    clearTimeout(idle);
    clearInterval(resume);
    live?.stop();
  });
  try {
    live = openLive(settings, send);
  } catch (error) {
    fail(error);
    return;
  }
  wakeful();
  live.finished.then(() => client.close(1000), fail);
}

const problem = (message: string) => new MurmurationError('invalid-argument', message);

function isEnd(text: string): boolean {
  try {
    return LiveCommand.safeParse(JSON.parse(text)).success;
  } catch {
    return false;
  }
}
