import type { DecodingInput } from '../contract/decoding.ts';
import type { SegmentTranscript, Transcript } from '../contract/transcript.ts';
import { MurmurationError } from '../errors.ts';
import { type Decoder, type Engine, type Pcm, SAMPLE_RATE_HERTZ } from '../ports.ts';
import { heardLanguages } from '../transcripts/heard-languages.ts';
import { joinSegments } from '../transcripts/join-segments.ts';
import { shiftSegment } from '../transcripts/shift-segment.ts';

/** One recording to be transcribed. */
export interface RecordingRequest {
  readonly path: string;
  readonly decoding: DecodingInput;
  /** Segments handed to the engine at once. @default 4 */
  readonly batchSize?: number | undefined;
  /** Keep what could be read of a damaged file. @default false: `media-truncated` */
  readonly allowDamaged?: boolean | undefined;
}

export interface RecordingTranscribed {
  readonly transcript: Transcript;
  /** Damage that was allowed, in plain words. */
  readonly warnings: readonly string[];
}

/** A stretch of the recording, at most 30 s. */
export interface CutSegment {
  /** Counts samples of 16 kHz from the recording's start. */
  readonly startSample: number;
  readonly pcm: Pcm;
}

export interface RecordingPorts {
  readonly decoder: Decoder;
  readonly engine: Engine;
  /** Cuts audio where people pause; segments in order of time. */
  readonly cut: (blocks: AsyncIterable<Pcm>) => AsyncIterable<CutSegment>;
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

/**
 * Turns one recording into a transcript whose times count from the recording's start. Holds one batch of audio at a
 * time. Throws what its ports throw, and `media-truncated` where the file is damaged and that was not allowed.
 */
export async function transcribeRecording(
  { path, decoding, batchSize = 4, allowDamaged = false }: RecordingRequest,
  { decoder, engine, cut }: RecordingPorts,
  { signal, onProgress }: RecordingOptions = {},
): Promise<RecordingTranscribed> {
  const media = await decoder.decode(path, signal);
  let decodedSamples = 0;
  const segments: SegmentTranscript[] = [];
  const languages = heardLanguages();
  for await (const batch of inBatches(cut(counted(media.blocks)), batchSize)) {
    throwIfAborted(path, signal);
    const heard = await hear(batch);
    const placed = heard.map((segment, index) =>
      shiftSegment(segment, batch[index]!.startSample / SAMPLE_RATE_HERTZ),
    );
    segments.push(...placed);
    const doneSeconds = placed.at(-1)?.endSeconds ?? 0;
    onProgress?.({ doneSeconds, totalSeconds: media.info.durationSeconds, segments: placed });
  }
  throwIfAborted(path, signal);
  if (media.warnings.length > 0 && !allowDamaged) {
    const damage = media.warnings.join('; ');
    throw new MurmurationError(
      'media-truncated',
      `damaged recording: ${damage}. copy it again, or allow damage to keep what can be read (--allow-damaged)`,
      { details: { path, warnings: media.warnings } },
    );
  }
  const durationSeconds = decodedSamples / SAMPLE_RATE_HERTZ;
  const transcript = joinSegments(segments, { model: engine.modelId, decoding, durationSeconds });
  return { transcript, warnings: [...media.warnings] };

  /** The batch's transcripts; where the language was only guessed, in that of the recording. */
  async function hear(batch: readonly CutSegment[]): Promise<SegmentTranscript[]> {
    const heard = await engine.transcribe(pcmsOf(batch), decoding, signal);
    if ((decoding.language ?? 'auto') !== 'auto') return heard;
    for (const segment of heard) languages.add(segment);
    for (const [index, segment] of heard.entries()) {
      const language = languages.instead(segment);
      if (language === undefined) continue;
      const again = await engine.transcribe(pcmsOf([batch[index]!]), { ...decoding, language }, signal);
      heard[index] = again[0]!;
    }
    return heard;
  }

  async function* counted(blocks: AsyncIterable<Pcm>): AsyncGenerator<Pcm> {
    for await (const block of blocks) {
      decodedSamples += block.length;
      yield block;
    }
  }
}

async function* inBatches<T>(items: AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let batch: T[] = [];
  for await (const item of items) {
    batch.push(item);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

function pcmsOf(segments: readonly CutSegment[]): Pcm[] {
  return segments.map((segment) => segment.pcm);
}

function throwIfAborted(path: string, signal: AbortSignal | undefined): void {
  if (!signal?.aborted) return;
  throw new MurmurationError('aborted', `stopped while transcribing "${path}"`, { cause: signal.reason });
}
