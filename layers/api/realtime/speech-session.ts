import { MurmurationError } from '@murmuration/pipeline/errors';
import type { Ledger } from '../api-ports.ts';
import { describeError } from '../contract/api-error-body.ts';
import type { ApiKey } from '../contract/api-key.ts';
import type { LiveMessage } from '../contract/live-message.ts';
import type { LiveSettings, LiveSpeech, OpenLive } from './live-port.ts';

/** A stream that passed the gates of the API. */
export interface AdmittedStream {
  readonly key: ApiKey;
  readonly requestId: string;
  readonly settings: LiveSettings;
}

export interface SpeechLimits {
  /** Without a word from the client for so long a stream is closed. */
  readonly idleSeconds: number;
  /** Of audio, in one stream. */
  readonly longestSeconds: number;
}

export interface SpeechPorts {
  readonly openLive: OpenLive;
  readonly ledger: Pick<Ledger, 'spend'>;
  readonly onError: (error: unknown, requestId: string) => void;
}

/** Whoever speaks, behind whatever connection. */
export interface SpeechClient {
  send(message: LiveMessage): void;
  /** After the last message. */
  close(code: number, reason: string): void;
}

/** One client, from its first sample to the last word. */
export interface SpeechSession {
  /** Audio that waits for the engine: whoever reads the connection should pause where it is much. */
  readonly waitingSeconds: number;
  /** The client was closed, or is gone. */
  readonly isOver: boolean;
  /** What the key has paid for, from the stream's start. */
  readonly bookedSeconds: number;
  /** Of the audio that was taken here, where that begins that may still change a word. */
  readonly openSeconds: number;
  /** 16 kHz mono s16le. */
  take(sixteenBit: Uint8Array): void;
  /** No more audio comes: what is left is heard. */
  end(): void;
  /** Tells the client what went wrong, and closes. */
  fail(error: unknown): void;
  /** The client is there, though it sends nothing that is taken. */
  wake(): void;
  /** The client is gone. */
  stop(): void;
}

/** Audio is booked to the key in such portions. */
const BOOKED_SECONDS = 10;
const BYTES_PER_SECOND = 32_000;

/**
 * Hears a client within its limits and its budget, and tells it what is heard. `before`: what of the stream was heard and
 * paid for elsewhere.
 */
export function speechSession(
  client: SpeechClient,
  { key, requestId, settings }: AdmittedStream,
  { openLive, ledger, onError }: SpeechPorts,
  limits: SpeechLimits,
  before: { readonly seconds: number; readonly bookedSeconds: number } = { seconds: 0, bookedSeconds: 0 },
): SpeechSession {
  let bytes = before.seconds * BYTES_PER_SECOND;
  let { bookedSeconds } = before;
  let isOver = false;
  let hasEnded = false;
  let idle: ReturnType<typeof setTimeout> | undefined;
  let live: LiveSpeech | undefined;

  function stop(): void {
    isOver = true;
    clearTimeout(idle);
    live?.stop();
  }

  function fail(error: unknown): void {
    if (isOver) return;
    const { body, status, code } = describeError(error, requestId);
    if (status >= 500) onError(error, requestId);
    client.send({ kind: 'error', code, message: body.error.message });
    stop();
    client.close(status >= 500 ? 1011 : 1008, code);
  }

  function wake(): void {
    clearTimeout(idle);
    if (isOver || hasEnded) return;
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

  function take(sixteenBit: Uint8Array): void {
    if (isOver) return;
    wake();
    bytes += sixteenBit.length;
    if (sixteenBit.length % 2 === 1) fail(problem('a frame has half a sample: send 16 kHz mono s16le'));
    else if (bytes > limits.longestSeconds * BYTES_PER_SECOND) {
      fail(problem(`a stream may have ${limits.longestSeconds} s: begin another one`));
    } else {
      if (bytes / BYTES_PER_SECOND > bookedSeconds) book().catch(fail);
      live?.push(sixteenBit);
    }
  }

  try {
    live = openLive(settings, (message) => {
      if (!isOver) client.send(message);
    });
    live.finished.then(() => {
      if (isOver) return;
      stop();
      client.close(1000, '');
    }, fail);
    wake();
  } catch (error) {
    fail(error);
  }
  return {
    get waitingSeconds() {
      return live?.waitingSeconds ?? 0;
    },
    get isOver() {
      return isOver;
    },
    get bookedSeconds() {
      return bookedSeconds;
    },
    get openSeconds() {
      return live?.openSeconds ?? 0;
    },
    take,
    end() {
      hasEnded = true;
      clearTimeout(idle);
      live?.end();
    },
    fail,
    wake,
    stop,
  };
}

const problem = (message: string) => new MurmurationError('invalid-argument', message);
