import type { LiveEvent } from '@murmuration/pipeline/contract/live-event';

/** One stream of speech that is heard while it is spoken. */
export interface LiveSpeech {
  /** Audio that was pushed and not taken yet. */
  readonly waitingSeconds: number;
  /** Where the audio begins that may still change a word: silence is done with, though nothing is told of it. */
  readonly openSeconds: number;
  /** 16 kHz mono, s16le, any number of samples. */
  push(sixteenBit: Uint8Array): void;
  /** No more audio comes: what is left is heard, then `done` is told. */
  end(): void;
  /** Ends at once, without another event. */
  stop(): void;
  /** Resolves after the last event. Throws MurmurationError. */
  readonly finished: Promise<void>;
}

export interface LiveSettings {
  readonly language: string;
  readonly prompt: string;
}

/** Begins to listen; all streams share one engine. Throws `language-unknown`. */
export type OpenLive = (settings: LiveSettings, onEvent: (event: LiveEvent) => void) => LiveSpeech;
