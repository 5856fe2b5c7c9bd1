import type { SegmentTranscript } from '../contract/transcript.ts';
import { locateErrors } from './locate-errors.ts';
import { normalizeText } from './normalize-text.ts';

/** A stretch of a recording and how long its transcription took. */
export interface TimedSpan {
  readonly startSeconds: number;
  readonly endSeconds: number;
  readonly seconds: number;
}

export interface EvaluatedSegment {
  readonly startSeconds: number;
  readonly endSeconds: number;
  /** Words that were said there, as far as an alignment can tell. */
  readonly words: number;
  readonly errors: number;
  /** Seconds of audio a second of work, of the batch it was in; null where that is not known. */
  readonly realTimeFactor: number | null;
}

/** The errors of each segment, by aligning what was heard with what was said. Empty where they cannot be aligned. */
export function evaluateSegments(
  said: string,
  segments: readonly SegmentTranscript[],
  language: string,
  batches: readonly TimedSpan[],
): EvaluatedSegment[] {
  const wordsOf = (text: string) => normalizeText(text, language).split(' ').filter(Boolean);
  const words = segments.map(({ text }) => wordsOf(text));
  const located = locateErrors(wordsOf(said), words.flat());
  if (located === undefined) return [];
  let first = 0;
  return segments.map(({ startSeconds, endSeconds }, index) => {
    // What is missing behind the last word belongs to the last segment
    const end = first + words[index]!.length + (index === segments.length - 1 ? 1 : 0);
    const sum = (counts: Int32Array) =>
      counts.subarray(first, end).reduce((total, count) => total + count, 0);
    const counts = { words: sum(located.said), errors: sum(located.errors) };
    first = end;
    const middle = (startSeconds + endSeconds) / 2;
    const batch = batches.find((span) => span.startSeconds <= middle && middle < span.endSeconds);
    const realTimeFactor =
      batch === undefined || batch.seconds === 0
        ? null
        : Math.round((10 * (batch.endSeconds - batch.startSeconds)) / batch.seconds) / 10;
    return { startSeconds, endSeconds, ...counts, realTimeFactor };
  });
}
