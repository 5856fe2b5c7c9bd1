import { MurmurationError } from '@murmuration/pipeline/errors';
import type { Clock } from '@murmuration/pipeline/ports';
import type { Ledger } from '../api-ports.ts';
import { describeError } from '../contract/api-error-body.ts';
import type { ApiKey } from '../contract/api-key.ts';
import type { LiveMessage } from '../contract/live-message.ts';
import type { LiveSettings, LiveSpeech, OpenLive } from './live-port.ts';
import { streamAccount } from './stream-account.ts';

/** A stream that passed the gates of the API. */
export interface AdmittedStream {
  readonly key: ApiKey;
  readonly requestId: string;
  readonly settings: LiveSettings;
}

export interface SpeechLimits {
  /** A stream is closed where less than a second of audio comes in so long. */
  readonly idleSeconds: number;
  /** Of one stream, of its audio and of its time. */
  readonly longestSeconds: number;
  /** Whether its time is paid and not its audio alone: where each stream keeps a function busy. @default false */
  readonly paysTime?: boolean | undefined;
}

export interface SpeechPorts {
  readonly openLive: OpenLive;
  readonly ledger: Pick<Ledger, 'spend' | 'settle'>;
  readonly clock: Clock;
  /** Whether a key is still good. @default it stays so */
  readonly isGood?: ((key: ApiKey) => Promise<boolean>) | undefined;
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
  /** Looks after the stream's time, its account and its key: to be called each second at least. */
  tick(): void;
  /** The client is gone. */
  stop(): void;
  /** Nobody goes on with the stream: what it has used is booked, no less and no more. */
  settle(): Promise<void>;
}

const BYTES_PER_SECOND = 32_000;
/** A key that was revoked ends its streams within a minute. */
const KEY_LOOK_SECONDS = 30;

/**
 * Hears a client within its limits and its budget, and tells it what is heard. `before`: what of the stream was heard, took
 * time and was paid for elsewhere.
 */
export function speechSession(
  client: SpeechClient,
  stream: AdmittedStream,
  { openLive, ledger, clock, isGood, onError }: SpeechPorts,
  limits: SpeechLimits,
  before: StreamPast = { seconds: 0, elapsedSeconds: 0, bookedSeconds: 0 },
): SpeechSession {
  const { key, requestId, settings } = stream;
  const startedAt = clock();
  const account = streamAccount(stream, ledger, before.bookedSeconds);
  let bytes = before.seconds * BYTES_PER_SECOND;
  let idleBytes = 0;
  let lookedAt = startedAt;
  let isOver = false;
  let hasEnded = false;
  let idle: ReturnType<typeof setTimeout> | undefined;
  let live: LiveSpeech | undefined;

  const elapsedSeconds = () => before.elapsedSeconds + (clock() - startedAt) / 1000;
  const usedSeconds = () => Math.max(bytes / BYTES_PER_SECOND, limits.paysTime ? elapsedSeconds() : 0);

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
    idleBytes = 0;
    clearTimeout(idle);
    if (isOver || hasEnded) return;
    const closes = () =>
      fail(problem(`no second of audio came in ${limits.idleSeconds} s: send audio, or {"kind":"end"}`));
    idle = setTimeout(closes, limits.idleSeconds * 1000);
  }

  function take(sixteenBit: Uint8Array): void {
    if (isOver) return;
    bytes += sixteenBit.length;
    idleBytes += sixteenBit.length;
    // What drips in keeps nobody waiting
    if (idleBytes >= BYTES_PER_SECOND) wake();
    if (sixteenBit.length % 2 === 1) fail(problem('a frame has half a sample: send 16 kHz mono s16le'));
    else tick();
    if (!isOver) live?.push(sixteenBit);
  }

  function tick(): void {
    if (isOver) return;
    if (Math.max(bytes / BYTES_PER_SECOND, elapsedSeconds()) > limits.longestSeconds) {
      fail(problem(`a stream may have ${limits.longestSeconds} s: begin another one`));
      return;
    }
    account.use(usedSeconds()).catch(fail);
    if (clock() - lookedAt < KEY_LOOK_SECONDS * 1000) return;
    lookedAt = clock();
    lookAtKey().catch((error: unknown) => onError(error, requestId));
  }

  async function lookAtKey(): Promise<void> {
    if (isGood === undefined || (await isGood(key))) return;
    fail(new MurmurationError('key-refused', 'the key is not known any more, or its time is over'));
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
      return account.bookedSeconds;
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
    tick,
    stop,
    settle: () => account.settle(usedSeconds()),
  };
}

/** What of a stream was heard, took time and was booked before. */
export interface StreamPast {
  readonly seconds: number;
  readonly elapsedSeconds: number;
  readonly bookedSeconds: number;
}

const problem = (message: string) => new MurmurationError('invalid-argument', message);
