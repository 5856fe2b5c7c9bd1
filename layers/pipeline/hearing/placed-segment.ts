import type { SegmentTranscript } from '../contract/transcript.ts';
import type { SpeechSpan } from '../guards/signs-of.ts';
import type { HeardSegment } from '../merge/merge-segments.ts';
import {
  type DecodedMedia,
  type DecodeOptions,
  type Decoder,
  type MediaSource,
  SAMPLE_RATE_HERTZ,
} from '../ports.ts';
import { shiftSegment } from '../transcripts/shift-segment.ts';
import type { Span } from '../transcripts/span.ts';
import { type Cut, type CutSegment, cutChannels, type SampleSpan } from './cut-channels.ts';
import type { Hearable } from './second-look.ts';

/** A segment with its place in the recording. */
export interface PlacedSegment extends CutSegment {
  /** Undefined where channels are mixed. */
  readonly channel: number | undefined;
}

/** Where a segment is, without its sound. */
export type Place = Omit<PlacedSegment, 'pcm'>;

export interface OpenedRecording {
  readonly media: DecodedMedia<unknown>;
  readonly segments: AsyncIterable<PlacedSegment>;
}

/** Opens a recording and cuts it, its channels mixed or each on its own. Throws what the decoder throws. */
export async function openSegments(
  source: MediaSource,
  { channels, ...options }: DecodeOptions & { readonly channels: 'mix' | 'separate' },
  { decoder, cut }: { decoder: Decoder; cut: Cut },
  signal: AbortSignal | undefined,
): Promise<OpenedRecording> {
  if (channels === 'mix') {
    const media = await decoder.decode(source, signal, options);
    return { media, segments: unlabelled(cut(media.blocks)) };
  }
  const media = await decoder.decodeChannels(source, signal, options);
  return { media, segments: cutChannels(media.blocks, media.info.channels, cut) };
}

async function* unlabelled(segments: AsyncIterable<CutSegment>): AsyncGenerator<PlacedSegment> {
  for await (const segment of segments) yield { ...segment, channel: undefined };
}

/** As the engine's caller wants it: times in seconds of the segment. */
export function toHearable({ pcm, speech }: Pick<CutSegment, 'pcm' | 'speech'>): Hearable {
  return { pcm, speech: speech?.map((span) => inSeconds(span)) };
}

/** Where a voice was heard, in seconds of the recording. */
export function speechOf({ speech = [], startSample, channel }: Place): SpeechSpan[] {
  return speech.map((span) => ({ ...inSeconds(span, startSample), channel }));
}

function inSeconds({ startSample, endSample }: SampleSpan, fromSample = 0): Span {
  return {
    startSeconds: (fromSample + startSample) / SAMPLE_RATE_HERTZ,
    endSeconds: (fromSample + endSample) / SAMPLE_RATE_HERTZ,
  };
}

/** A segment's transcript in seconds of the recording. */
export function place(
  transcript: SegmentTranscript,
  { startSample, overlapSamples, channel }: Place,
): HeardSegment {
  const shifted = shiftSegment(transcript, startSample / SAMPLE_RATE_HERTZ);
  return {
    transcript: channel === undefined ? shifted : { ...shifted, channel },
    overlapSeconds: overlapSamples / SAMPLE_RATE_HERTZ,
  };
}
