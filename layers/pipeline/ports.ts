import type { Readable } from 'node:stream';
import type { DecodingInput } from './contract/decoding.ts';
import type { SegmentTranscript } from './contract/transcript.ts';
import type { MetricName } from './metrics.ts';

/** Mono audio, 16 kHz, float32, full scale at ±1. */
export type Pcm = Float32Array;

/** Of all `Pcm`. */
export const SAMPLE_RATE_HERTZ = 16_000;

/** A transcript that will not change, and the place of its segment in the list that was given. */
export interface SettledSegment {
  readonly index: number;
  readonly transcript: SegmentTranscript;
}

/** Turns short audio into text. */
export interface Engine {
  readonly modelId: string;
  /** Of the graph: a model that is built anew under its old name is another one. */
  readonly modelSha256: string;
  /** Whether the model has alignment heads, so that words can be timed. */
  readonly timesWords: boolean;
  /**
   * Results in the order of `segments`; each at most 30 s. Times are relative to each segment. `settled` may hear of those
   * that are done while others are heard again; the results hold them too.
   */
  transcribe(
    segments: readonly Pcm[],
    options?: DecodingInput,
    signal?: AbortSignal,
    settled?: (segments: readonly SettledSegment[]) => void,
  ): Promise<SegmentTranscript[]>;
  close(): Promise<void>;
}

/** Keeps what the engine heard, by a key that says all it depends on. A cache may forget; it may never mix up. */
export interface TranscriptCache {
  /** Undefined where nothing is kept under the key, or what is kept cannot be read. */
  get(key: string): Promise<SegmentTranscript | undefined>;
  set(key: string, transcript: SegmentTranscript): Promise<void>;
  /** Of a job that was removed. Throws `store-unavailable`. Absent where nobody asks for it. */
  forget?(keys: readonly string[]): Promise<void>;
}

/** Bytes that can be read anywhere without reading all, such as an object of S3. */
export interface RangeSource {
  /** For messages; holds no secrets. */
  readonly name: string;
  readonly sizeBytes: number;
  /** The bytes from `start` up to, not including, `end`; both lie inside the source. */
  read(start: number, end: number, signal?: AbortSignal): Promise<Uint8Array>;
}

/** A path, an http(s) URL, bytes anywhere, or a stream, which is spooled to a temporary file and deleted afterwards. */
export type MediaSource = string | URL | RangeSource | Readable;

export interface MediaInfo {
  readonly container: string;
  readonly codec: string;
  readonly sampleRateHertz: number;
  /** At most 8 kHz, as on the telephone: there is no sound above 4 kHz to hear. */
  readonly narrowBand: boolean;
  readonly channels: number;
  /** Undefined where the container does not say. */
  readonly durationSeconds: number | undefined;
}

export interface DecodedMedia<Block = Pcm> {
  readonly info: MediaInfo;
  /** Blocks of 16 kHz audio, in order. Throws MurmurationError; may be read once. */
  readonly blocks: AsyncIterable<Block>;
  /** Complete once `blocks` has ended: damage that was survived, in plain words. */
  readonly warnings: readonly string[];
}

export interface DecodeOptions {
  /** `drc` lifts what is quiet towards what is loud, sample for sample in the same time. @default 'none' */
  readonly preprocess?: 'none' | 'drc' | undefined;
  /** What messages call a stream, which has no name of its own. @default 'the stream' */
  readonly streamName?: string | undefined;
}

/** Reads any media as 16 kHz audio. */
export interface Decoder {
  /** All channels as one: their mean. */
  decode(source: MediaSource, signal?: AbortSignal, options?: DecodeOptions): Promise<DecodedMedia>;
  /** Every channel for itself, in step: a block holds one `Pcm` per channel, all of one length. */
  decodeChannels(
    source: MediaSource,
    signal?: AbortSignal,
    options?: DecodeOptions,
  ): Promise<DecodedMedia<readonly Pcm[]>>;
}

/** Whole objects under keys, as S3 keeps them. What fails on the way throws `store-unavailable`. */
export interface ObjectStore {
  /** The object, or its bytes from `start` to before `end`; undefined where there is none. */
  read(
    key: string,
    range?: { readonly start: number; readonly end: number },
  ): Promise<Uint8Array | undefined>;
  /** Whole or not at all; writes over what was there. */
  write(key: string, body: string | Uint8Array, options?: { readonly contentType?: string }): Promise<void>;
  /** As `write`, for what is too large to hold; if `parts` throws, nothing is written. */
  writeStream(key: string, parts: AsyncIterable<Uint8Array>): Promise<void>;
  /**
   * Opens an object for reading anywhere in it; with `etag` only this version of it. Throws `file-not-found`, also later,
   * where it was deleted or written over.
   */
  open(key: string, version?: { readonly etag?: string | undefined }): Promise<RangeSource>;
}

/** Tells receivers on the network, at addresses that strangers chose. */
export interface WebhookSender {
  /**
   * The status of the answer, whatever it is. Throws `receiver-unavailable` where none came, and `invalid-argument` where
   * the address must not be called: it is no https, or leads into a private network.
   */
  post(url: URL, body: string, headers: Readonly<Record<string, string>>): Promise<number>;
}

/** Counts and durations, for alarms and dashboards. Names are those of `metrics.ts`. */
export interface Meter {
  /** Many values are as many samples, so that percentiles are those of single ones. */
  add(
    name: MetricName,
    value: number | readonly number[],
    unit: 'Count' | 'Milliseconds' | 'Seconds' | 'None',
    dimensions?: Readonly<Record<string, string>>,
  ): void;
}

/** Milliseconds of the epoch. */
export type Clock = () => number;
