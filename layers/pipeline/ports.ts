import type { DecodingInput } from './contract/decoding.ts';
import type { SegmentTranscript } from './contract/transcript.ts';

/** Mono audio, 16 kHz, float32, full scale at ±1. */
export type Pcm = Float32Array;

/** Of all `Pcm`. */
export const SAMPLE_RATE_HERTZ = 16_000;

/** Turns short audio into text. */
export interface Engine {
  readonly modelId: string;
  /** Results in the order of `segments`; each at most 30 s. Times are relative to each segment. */
  transcribe(
    segments: readonly Pcm[],
    options?: DecodingInput,
    signal?: AbortSignal,
  ): Promise<SegmentTranscript[]>;
  close(): Promise<void>;
}

/** Keeps what the engine heard, by a key that says all it depends on. A cache may forget; it may never mix up. */
export interface TranscriptCache {
  /** Undefined where nothing is kept under the key, or what is kept cannot be read. */
  get(key: string): Promise<SegmentTranscript | undefined>;
  set(key: string, transcript: SegmentTranscript): Promise<void>;
}

export interface MediaInfo {
  readonly container: string;
  readonly codec: string;
  readonly sampleRateHertz: number;
  readonly channels: number;
  /** Undefined where the container does not say. */
  readonly durationSeconds: number | undefined;
}

export interface DecodedMedia {
  readonly info: MediaInfo;
  /** Blocks of mono 16 kHz audio, in order. Throws MurmurationError; may be read once. */
  readonly blocks: AsyncIterable<Pcm>;
  /** Complete once `blocks` has ended: damage that was survived, in plain words. */
  readonly warnings: readonly string[];
}

/** Reads any media file as 16 kHz audio. */
export interface Decoder {
  decode(path: string, signal?: AbortSignal): Promise<DecodedMedia>;
}
