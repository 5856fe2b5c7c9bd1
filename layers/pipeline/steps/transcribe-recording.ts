import type { DecodingInput } from '../contract/decoding.ts';
import type { Finding } from '../contract/finding.ts';
import type { SegmentTranscript, Transcript } from '../contract/transcript.ts';
import { MurmurationError } from '../errors.ts';
import { findInvented } from '../guards/find-invented.ts';
import type { SpeechSpan } from '../guards/signs-of.ts';
import { type Cut, type CutSegment, cutChannels } from '../hearing/cut-channels.ts';
import { hearSegments } from '../hearing/hear-segments.ts';
import { inBatches } from '../hearing/in-batches.ts';
import { type HeardSegment, mergeSegments } from '../merge/merge-segments.ts';
import type { DecodedMedia, Decoder, Engine, MediaSource, Pcm, TranscriptCache } from '../ports.ts';
import { SAMPLE_RATE_HERTZ } from '../ports.ts';
import { heardLanguages } from '../transcripts/heard-languages.ts';
import { shiftSegment } from '../transcripts/shift-segment.ts';

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
  /** Keep what could be read of a damaged file. @default false: `media-truncated` */
  readonly allowDamaged?: boolean | undefined;
}

export interface RecordingTranscribed {
  readonly transcript: Transcript;
  /** Damage that was allowed, and what else a person should know, in plain words. */
  readonly warnings: readonly string[];
  readonly damaged: boolean;
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
  /** Undefined where the file does not say. */
  readonly totalSeconds: number | undefined;
  /** The batch, in absolute times. */
  readonly segments: readonly SegmentTranscript[];
}

export interface RecordingOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: RecordingProgress) => void) | undefined;
}

interface Placed extends CutSegment {
  readonly channel: number | undefined;
}

/**
 * Turns one recording into a transcript whose times count from the recording's start. Holds two batches of audio at a
 * time. Throws what its ports throw, and `media-truncated` where the file is damaged and that was not allowed.
 */
export async function transcribeRecording(
  request: RecordingRequest,
  { decoder, engine, cut, cache }: RecordingPorts,
  { signal, onProgress }: RecordingOptions = {},
): Promise<RecordingTranscribed> {
  const { source, decoding, channels = 'mix', preprocess, batchSize = 4, allowDamaged = false } = request;
  const name = request.name ?? (typeof source === 'string' ? source : 'the recording');
  const { media, segments } = await open();
  const languages = heardLanguages();
  const heard: HeardSegment[] = [];
  const speech: SpeechSpan[] = [];
  let durationSeconds = 0;
  let cached = 0;
  let listened = true;
  for await (const batch of inBatches(segments, batchSize)) {
    throwIfAborted(name, signal);
    const hearing = await hearSegments(batch.map(toHearable), decoding, languages, { engine, cache }, signal);
    cached += hearing.cached;
    const placed = hearing.transcripts.map((transcript, index) => place(transcript, batch[index]!));
    heard.push(...placed);
    speech.push(...batch.flatMap(speechOf));
    listened &&= batch.every((segment) => segment.speech !== undefined);
    durationSeconds = Math.max(
      durationSeconds,
      ...batch.map(({ endSample }) => endSample / SAMPLE_RATE_HERTZ),
    );
    onProgress?.({
      doneSeconds: durationSeconds,
      totalSeconds: media.info.durationSeconds,
      segments: placed.map(({ transcript }) => transcript),
    });
  }
  throwIfAborted(name, signal);
  const damaged = media.warnings.length > 0;
  if (damaged && !allowDamaged) {
    throw new MurmurationError(
      'media-truncated',
      `damaged recording: ${media.warnings.join('; ')}. copy it again, or allow damage to keep what can be read (--allow-damaged)`,
      { details: { name, warnings: media.warnings } },
    );
  }
  const { segments: trusted, findings } = findInvented(
    heard.map((segment) => segment.transcript),
    { speech: listened ? speech : undefined },
  );
  const whole = mergeSegments(
    heard.map(({ overlapSeconds }, index) => ({ transcript: trusted[index]!, overlapSeconds })),
    { model: engine.modelId, decoding, durationSeconds },
  );
  const transcript = decoding.words ? whole : { ...whole, segments: whole.segments.map(withoutWords) };
  return { transcript, findings, warnings: [...media.warnings], damaged, cached };

  async function open(): Promise<{ media: DecodedMedia<unknown>; segments: AsyncIterable<Placed> }> {
    if (channels === 'mix') {
      const media = await decoder.decode(source, signal, { preprocess });
      return { media, segments: unlabelled(cut(media.blocks)) };
    }
    const media = await decoder.decodeChannels(source, signal, { preprocess });
    return { media, segments: cutChannels(media.blocks, media.info.channels, cut) };
  }
}

async function* unlabelled(segments: AsyncIterable<CutSegment>): AsyncGenerator<Placed> {
  for await (const segment of segments) yield { ...segment, channel: undefined };
}

function toHearable({ pcm, speech }: CutSegment): Parameters<typeof hearSegments>[0][number] {
  return {
    pcm,
    speech: speech?.map(({ startSample, endSample }) => ({
      startSeconds: startSample / SAMPLE_RATE_HERTZ,
      endSeconds: endSample / SAMPLE_RATE_HERTZ,
    })),
  };
}

/** Where a voice was heard, in seconds of the recording. */
function speechOf({ speech = [], startSample, channel }: Placed): SpeechSpan[] {
  return speech.map((span) => ({
    startSeconds: (startSample + span.startSample) / SAMPLE_RATE_HERTZ,
    endSeconds: (startSample + span.endSample) / SAMPLE_RATE_HERTZ,
    channel,
  }));
}

function place(
  transcript: SegmentTranscript,
  { startSample, overlapSamples, channel }: Placed,
): HeardSegment {
  const shifted = shiftSegment(transcript, startSample / SAMPLE_RATE_HERTZ);
  return {
    transcript: channel === undefined ? shifted : { ...shifted, channel },
    overlapSeconds: overlapSamples / SAMPLE_RATE_HERTZ,
  };
}

function withoutWords({ words: _, ...segment }: SegmentTranscript): SegmentTranscript {
  return segment;
}

function throwIfAborted(name: string, signal: AbortSignal | undefined): void {
  if (!signal?.aborted) return;
  throw new MurmurationError('aborted', `stopped while transcribing "${name}"`, { cause: signal.reason });
}
