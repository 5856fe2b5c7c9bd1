import { pMapIterable } from 'p-map';
import type { DecodingInput } from '../contract/decoding.ts';
import type { Finding } from '../contract/finding.ts';
import type { SegmentTranscript, Transcript } from '../contract/transcript.ts';
import { throwIfAborted } from '../errors.ts';
import type { SpeechSpan } from '../guards/signs-of.ts';
import type { Cut } from '../hearing/cut-channels.ts';
import { hearOnce, settleLanguages } from '../hearing/hear-segments.ts';
import { inBatches } from '../hearing/in-batches.ts';
import { openSegments, place, speechOf, toHearable } from '../hearing/placed-segment.ts';
import { finishTranscript } from '../merge/finish-transcript.ts';
import type { HeardSegment } from '../merge/merge-segments.ts';
import {
  type Decoder,
  type Engine,
  type MediaInfo,
  type MediaSource,
  SAMPLE_RATE_HERTZ,
  type TranscriptCache,
} from '../ports.ts';
import { heardLanguages } from '../transcripts/heard-languages.ts';

/** One recording to be transcribed. */
export interface RecordingRequest {
  readonly source: MediaSource;
  /** For messages. @default the source, where it is a path */
  readonly name?: string | undefined;
  readonly decoding: DecodingInput;
  /** `separate` transcribes every channel for itself, as call centres need it. @default mix */
  readonly channels?: 'mix' | 'separate' | undefined;
  readonly preprocess?: 'none' | 'drc' | undefined;
  /** Segments handed to the engine at once. @default 4 */
  readonly batchSize?: number | undefined;
  /** Batches under way in the engine; more than one pays where it does several runs side by side. @default 1 */
  readonly batchesAtOnce?: number | undefined;
}

export interface RecordingTranscribed {
  readonly transcript: Transcript;
  readonly media: MediaInfo;
  /** Damage that was survived, in plain words: then the transcript holds what could be read. */
  readonly warnings: readonly string[];
  /** Text that was left out, and text to be doubted. */
  readonly findings: readonly Finding[];
  /** Segments that came from the cache. */
  readonly cached: number;
}

export interface RecordingPorts {
  readonly decoder: Decoder;
  readonly engine: Engine;
  readonly cut: Cut;
  readonly cache?: TranscriptCache | undefined;
}

/** What is done after each batch. */
export interface RecordingProgress {
  readonly doneSeconds: number;
  /** All channels together, where each is transcribed for itself. @default doneSeconds */
  readonly heardSeconds?: number | undefined;
  /** Undefined where the file does not say. */
  readonly totalSeconds: number | undefined;
  /** The batch, in absolute times. */
  readonly segments: readonly SegmentTranscript[];
}

export interface RecordingOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: RecordingProgress) => void) | undefined;
}

/**
 * Turns one recording into a transcript whose times count from the recording's start. Holds two batches of
 * audio more than are under way. A damaged recording is transcribed as far as it can be read, with warnings. Throws what its ports throw.
 */
export async function transcribeRecording(
  request: RecordingRequest,
  { decoder, engine, cut, cache }: RecordingPorts,
  { signal, onProgress }: RecordingOptions = {},
): Promise<RecordingTranscribed> {
  const { source, decoding, channels = 'mix', preprocess, batchSize = 4, batchesAtOnce = 1 } = request;
  const name = request.name ?? (typeof source === 'string' ? source : 'the recording');
  const reading = { channels, preprocess, streamName: request.name };
  const { media, segments } = await openSegments(source, reading, { decoder, cut }, signal);
  const languages = heardLanguages();
  const heard: HeardSegment[] = [];
  const speech: SpeechSpan[] = [];
  /** Of each channel; `undefined` is their mix. */
  const heardTo = new Map<number | undefined, number>();
  let cached = 0;
  let listened = true;
  const ports = { engine, cache };
  // Two at least, to see at the first batch whether the recording is one segment; the engine takes its own batches of them
  const batches = inBatches(segments, Math.max(2, batchSize));
  const work = pMapIterable(
    batches,
    async (batch, index) => {
      throwIfAborted(signal, `stopped while transcribing "${name}"`);
      // Merging and looking twice need words; of a recording that is one segment most need neither
      const wanted = { ...decoding, words: decoding.words || index > 0 || batch.length > 1 };
      const hearables = batch.map(toHearable);
      return { batch, hearables, wanted, first: await hearOnce(hearables, wanted, ports, signal) };
    },
    // One more is cut meanwhile
    { concurrency: batchesAtOnce, backpressure: batchesAtOnce + 1 },
  );
  for await (const { batch, hearables, wanted, first } of work) {
    const hearing = await settleLanguages(first, hearables, wanted, languages, ports, signal);
    cached += hearing.cached;
    const placed = hearing.transcripts.map((transcript, index) => place(transcript, batch[index]!));
    heard.push(...placed);
    speech.push(...batch.flatMap(speechOf));
    listened &&= batch.every((segment) => segment.speech !== undefined);
    for (const { channel, endSample } of batch) {
      heardTo.set(channel, Math.max(heardTo.get(channel) ?? 0, endSample / SAMPLE_RATE_HERTZ));
    }
    onProgress?.({
      doneSeconds: Math.max(...heardTo.values()),
      heardSeconds: [...heardTo.values()].reduce((sum, seconds) => sum + seconds, 0),
      totalSeconds: media.info.durationSeconds,
      segments: placed.map(({ transcript }) => transcript),
    });
  }
  throwIfAborted(signal, `stopped while transcribing "${name}"`);
  const { transcript, findings } = finishTranscript({
    heard,
    speech: listened ? speech : undefined,
    // Turns of a talk are told apart by words
    keepWords: decoding.words === true || channels === 'separate',
    model: engine.modelId,
    decoding,
    durationSeconds: Math.max(0, ...heardTo.values()),
  });
  return { transcript, media: media.info, findings, warnings: [...media.warnings], cached };
}
