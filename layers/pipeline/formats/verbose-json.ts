import { languageNames } from '../contract/language-names.ts';
import type { SegmentTranscript, Transcript, Word } from '../contract/transcript.ts';

/**
 * OpenAI's `TranscriptionVerbose` (openai-node, resources/audio/transcriptions), field by field, and `channel`. Seconds.
 */
export interface VerboseTranscription {
  readonly task: 'transcribe' | 'translate';
  /** English name in lower case, as OpenAI answers. */
  readonly language: string;
  readonly duration: number;
  readonly text: string;
  readonly segments: readonly VerboseSegment[];
  /** Only where words were asked for. */
  readonly words?: readonly VerboseWord[];
  readonly usage: { readonly type: 'duration'; readonly seconds: number };
}

interface VerboseWord extends OfChannel {
  readonly word: string;
  readonly start: number;
  readonly end: number;
}

/** Ours, and only where channels were transcribed apart: counted from 0. */
interface OfChannel {
  readonly channel?: number;
}

interface VerboseSegment extends OfChannel {
  readonly id: number;
  /** Where the segment's audio begins, in frames of 10 ms. */
  readonly seek: number;
  readonly start: number;
  readonly end: number;
  readonly text: string;
  readonly tokens: readonly number[];
  readonly temperature: number;
  readonly avg_logprob: number;
  readonly compression_ratio: number;
  readonly no_speech_prob: number;
}

/** A transcript as OpenAI's API would answer it; segments without text are left out, as OpenAI does. */
export function toVerboseTranscription(transcript: Transcript): VerboseTranscription {
  const spoken = transcript.segments.filter((segment) => segment.text.trim() !== '');
  const words = spoken
    .flatMap((segment) => (segment.words ?? []).map((word) => toVerboseWord(word, segment)))
    // Of channels that speak at once, as they are heard
    .sort((a, b) => a.start - b.start);
  const aligned = transcript.segments.some((segment) => segment.words !== undefined);
  return {
    task: transcript.task,
    language: languageNames.get(transcript.language) ?? transcript.language,
    duration: seconds(transcript.durationSeconds),
    text: transcript.text,
    segments: spoken.map(toVerboseSegment),
    ...(aligned ? { words } : {}),
    // OpenAI bills begun seconds
    usage: { type: 'duration', seconds: Math.ceil(transcript.durationSeconds) },
  };
}

function toVerboseWord({ text, startSeconds, endSeconds }: Word, segment: SegmentTranscript): VerboseWord {
  return { word: text.trim(), start: seconds(startSeconds), end: seconds(endSeconds), ...channelOf(segment) };
}

function toVerboseSegment(segment: SegmentTranscript, id: number): VerboseSegment {
  return {
    id,
    seek: Math.round(segment.startSeconds * 100),
    start: seconds(segment.startSeconds),
    end: seconds(segment.endSeconds),
    text: segment.text,
    tokens: segment.tokens,
    temperature: segment.temperature,
    avg_logprob: segment.avgLogprob,
    compression_ratio: segment.compressionRatio,
    no_speech_prob: segment.noSpeechProbability,
    ...channelOf(segment),
  };
}

function channelOf({ channel }: SegmentTranscript): OfChannel {
  return channel === undefined ? {} : { channel };
}

// Whole milliseconds: 0.1 + 0.2 should not reach a reader
const seconds = (value: number) => Math.round(value * 1000) / 1000;

/** OpenAI's `verbose_json`. */
export function writeVerboseJson(transcript: Transcript): string {
  return `${JSON.stringify(toVerboseTranscription(transcript), null, 2)}\n`;
}
