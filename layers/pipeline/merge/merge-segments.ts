import type { DecodingInput } from '../contract/decoding.ts';
import type { SegmentTranscript, Transcript } from '../contract/transcript.ts';
import { transcriptText } from '../transcripts/transcript-text.ts';
import { keepInTime } from './keep-in-time.ts';
import { mergeOverlap } from './merge-overlap.ts';
import { spokenLanguage } from './spoken-language.ts';

/** One segment as it was heard. */
export interface HeardSegment {
  /** In seconds of the recording. */
  readonly transcript: SegmentTranscript;
  /** How much of its start the segment before it, in the same channel, heard too. Mostly 0. */
  readonly overlapSeconds: number;
}

export interface WholeRecording {
  readonly model: string;
  readonly decoding: DecodingInput;
  readonly durationSeconds: number;
}

/**
 * One transcript of a recording's segments, given in any order: what two segments heard is said once, times never run
 * backwards within a channel and stay inside the recording, channels are interleaved by time. Pure: the same segments
 * give the same bytes.
 */
export function mergeSegments(
  heard: readonly HeardSegment[],
  { model, decoding, durationSeconds }: WholeRecording,
): Transcript {
  const task = decoding.task ?? 'transcribe';
  const segments = [...byChannel(heard).values()]
    .flatMap((channel) => keepInTime(saidOnce(channel.sort(byTime), task), durationSeconds))
    .sort((a, b) => a.startSeconds - b.startSeconds || channelOf(a) - channelOf(b));
  const language = spokenLanguage(segments, decoding.language);
  const text = transcriptText({ model, task, language, durationSeconds, segments });
  return { model, task, language, durationSeconds, text, segments };
}

function saidOnce(channel: readonly HeardSegment[], task: 'transcribe' | 'translate'): SegmentTranscript[] {
  const segments: SegmentTranscript[] = [];
  for (const { transcript, overlapSeconds } of channel) {
    const before = segments.at(-1);
    if (before === undefined || overlapSeconds <= 0) {
      segments.push(transcript);
    } else {
      segments.splice(-1, 1, ...mergeOverlap(before, transcript, overlapSeconds, task));
    }
  }
  return segments;
}

function byChannel(heard: readonly HeardSegment[]): Map<number | undefined, HeardSegment[]> {
  const channels = new Map<number | undefined, HeardSegment[]>();
  for (const segment of heard) {
    const { channel } = segment.transcript;
    const found = channels.get(channel);
    if (found === undefined) channels.set(channel, [segment]);
    else found.push(segment);
  }
  return channels;
}

const channelOf = ({ channel = -1 }: SegmentTranscript) => channel;

function byTime({ transcript: a }: HeardSegment, { transcript: b }: HeardSegment): number {
  return a.startSeconds - b.startSeconds || a.endSeconds - b.endSeconds;
}
