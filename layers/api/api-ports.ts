import type { DecodingInput } from '@murmuration/pipeline/contract/decoding';
import type { Finding } from '@murmuration/pipeline/contract/finding';
import type { JobOptions } from '@murmuration/pipeline/contract/job';
import type { SegmentTranscript, Transcript } from '@murmuration/pipeline/contract/transcript';
import type { Clock, MediaInfo, MediaSource } from '@murmuration/pipeline/ports';
import type { ApiJob, ApiJobSummary } from './contract/api-job.ts';
import type { ApiKey } from './contract/api-key.ts';

/** One recording that somebody waits for. */
export interface TranscriptionRequest {
  readonly source: MediaSource;
  /** For messages. */
  readonly name: string;
  /** `language` may also be an English name, or `auto`. */
  readonly decoding: DecodingInput;
  readonly channels?: 'mix' | 'separate' | undefined;
  readonly preprocess?: 'none' | 'drc' | undefined;
  /** Time words where the model can, for captions; `decoding.words` throws where it cannot. */
  readonly wordsWherePossible?: boolean | undefined;
  /** What is heard is to be kept nowhere, in no cache either. @default false */
  readonly confidential?: boolean | undefined;
}

/** What came of a recording; the pipeline's `RecordingTranscribed`. */
export interface Transcribed {
  readonly transcript: Transcript;
  readonly media: MediaInfo;
  /** Damage that was survived, in plain words. */
  readonly warnings: readonly string[];
  /** Text that was left out, and text to be doubted. */
  readonly findings: readonly Finding[];
  /** Segments that came from the cache. */
  readonly cached: number;
}

/** How far a recording is, after each batch. */
export interface TranscribingProgress {
  readonly doneSeconds: number;
  /** All channels together, where each is transcribed for itself. @default doneSeconds */
  readonly heardSeconds?: number | undefined;
  /** Undefined where the file does not say. */
  readonly totalSeconds: number | undefined;
  /** The batch, in absolute times. */
  readonly segments: readonly SegmentTranscript[];
}

export interface TranscribingOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: TranscribingProgress) => void) | undefined;
}

/** Hears recordings while the caller waits. URLs that strangers send must not reach private networks. */
export interface Transcriber {
  /** Ids of models; the first one is meant where a client names a model of OpenAI. */
  readonly models: readonly string[];
  /** Throws what the pipeline throws, `model-not-found`, `language-unknown`. */
  transcribe(
    request: TranscriptionRequest & { readonly model: string },
    options?: TranscribingOptions,
  ): Promise<Transcribed>;
  /** What is in a recording, from its header. Throws what the decoder throws. */
  probe(source: MediaSource, signal?: AbortSignal): Promise<MediaInfo>;
  /**
   * Seconds of audio heard in a second of late; undefined before the first recording. Absent where jobs are not heard by
   * this process.
   */
  timesRealTime?(): number | undefined;
}

/** Where a job's recording is. */
export type JobSource =
  | { readonly kind: 'upload'; readonly uploadId: string }
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 's3'; readonly key: string };

/** A job to be begun. Its id was given out before, so that beginning it twice begins it once. */
export interface JobRequest {
  /** Sorts by the time it was given out: `job_`, then hex digits. */
  readonly id: string;
  readonly owner: string;
  /** Whose budget it draws on; one of the owner's. */
  readonly key: ApiKey;
  readonly name: string;
  readonly model: string;
  readonly source: JobSource;
  readonly options: JobOptions;
}

/** Recordings that nobody waits for. Each owner sees only its own. */
export interface Jobs {
  /** Begins a job; one that is there already is answered as it stands. */
  create(request: JobRequest): Promise<ApiJob>;
  get(owner: string, id: string): Promise<ApiJob | undefined>;
  /** Newest first. `cursor` is the `nextCursor` of the page before; throws `invalid-argument` for another's. */
  list(
    owner: string,
    page: { readonly cursor?: string | undefined; readonly limit: number },
  ): Promise<{ readonly jobs: readonly ApiJobSummary[]; readonly nextCursor: string | undefined }>;
  /** Stops it and deletes all of it; false where there is none. */
  remove(owner: string, id: string): Promise<boolean>;
}

/** What jobs have written. */
export interface JobResults {
  /** Undefined where there is no such job, or it has no transcript yet. */
  read(owner: string, id: string): Promise<Transcript | undefined>;
}

export interface UploadPart {
  /** Absolute, or a path of this API. To be sent with PUT. */
  readonly url: string;
  readonly startByte: number;
  /** Exclusive. */
  readonly endByte: number;
}

export interface Upload {
  readonly id: string;
  readonly name: string;
  readonly sizeBytes: number;
  readonly parts: readonly UploadPart[];
  /** Milliseconds of the epoch. */
  readonly expiresAt: number;
}

/** Recordings on their way in, too large for a request. */
export interface Uploads {
  create(request: {
    readonly id: string;
    readonly owner: string;
    readonly name: string;
    readonly sizeBytes: number;
  }): Promise<Upload>;
  /** All parts were sent; `etags` are those that the PUTs answered. Throws `not-found`, `invalid-argument` for too few. */
  complete(owner: string, id: string, etags: readonly string[]): Promise<void>;
  /** The recording, to be read. Throws `not-found`, `invalid-argument` where it is not complete. */
  open(owner: string, id: string): Promise<{ readonly source: MediaSource; readonly name: string }>;
}

/** Recordings that owners have put into the kit's bucket themselves. */
export interface OwnObjects {
  /** Throws `invalid-argument` for one that is not the owner's, `not-found`. */
  open(owner: string, key: string): Promise<MediaSource>;
}

/** Takes the parts of uploads, where no S3 does. */
export interface UploadReceiver {
  /** Answers an etag. Throws `not-found`, and `body-too-large` above the size that was announced. */
  receive(owner: string, id: string, body: AsyncIterable<Uint8Array>): Promise<string>;
}

/** Who may call. Keys themselves are kept nowhere, only their sha256. */
export interface KeyRing {
  /** @param hash sha256 of the key, 64 hex digits */
  find(hash: string): Promise<ApiKey | undefined>;
}

/** Counts what keys use, for all processes that serve. */
export interface Ledger {
  /** Counts one request; answers the seconds to wait where the key has made too many, and counts none then. */
  admit(key: ApiKey): Promise<number | undefined>;
  /**
   * Books seconds of audio to this month; false, and nothing booked, where the key's budget does not suffice. With `holder`,
   * a job or a stream, so many in all for it: what it holds is raised to that, so that booking twice books once. 0 asks
   * whether anything is left, or held by it.
   */
  spend(key: ApiKey, audioSeconds: number, holder?: string): Promise<boolean>;
  /**
   * What a holder has used takes the place of what was booked for it, less or more, beyond the budget too. Once: who holds
   * nothing is left alone. @param usedSeconds @default what was booked
   */
  settle(holder: string, usedSeconds?: number): Promise<void>;
  /** Seconds of audio in this month. */
  spent(key: ApiKey): Promise<number>;
}

/** How many live streams each key has open, for all processes that hear some. */
export interface Streams {
  /** The place of this stream; undefined where as many are open as the key may have. It is taken back after two minutes. */
  open(key: ApiKey, streamId: string): Promise<number | undefined>;
  /** For two minutes more. */
  keep(key: ApiKey, streamId: string, place: number): Promise<void>;
  close(key: ApiKey, streamId: string, place: number): Promise<void>;
}

export type Claim =
  | { readonly kind: 'new' }
  /** The same request came before, and was given this id. */
  | { readonly kind: 'same'; readonly id: string }
  /** Another request came under this key. */
  | { readonly kind: 'other' };

/** Lets a request that is sent twice be done once. */
export interface Idempotency {
  /** Keeps `id` for `key` for a day at least, atomically. @param fingerprint of the whole request */
  claim(key: string, fingerprint: string, id: string): Promise<Claim>;
}

/** All that the API needs of the world. */
export interface ApiPorts {
  readonly transcriber: Transcriber;
  readonly jobs: Jobs;
  readonly results: JobResults;
  readonly uploads: Uploads;
  /** Absent where there is no bucket: then no job names an object. */
  readonly objects?: OwnObjects | undefined;
  /** Absent where parts go to S3. */
  readonly receiver?: UploadReceiver | undefined;
  /** Absent where all who reach the server may use it: on this machine only. */
  readonly keyRing?: KeyRing | undefined;
  /** Who a gateway before this server let in, from what it says of the request; instead of keys. */
  readonly callerOf?: ((environment: unknown) => ApiKey | undefined) | undefined;
  readonly ledger: Ledger;
  readonly idempotency: Idempotency;
  readonly clock: Clock;
  /** UUIDs. */
  readonly newId: () => string;
  /** What went wrong and is our fault. */
  readonly onError: (error: unknown, requestId: string) => void;
}
