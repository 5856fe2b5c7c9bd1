import type { DecodingInput } from '../contract/decoding.ts';
import type { Finding } from '../contract/finding.ts';
import type { SegmentTranscript, Transcript } from '../contract/transcript.ts';
import { findInvented } from '../guards/find-invented.ts';
import { otherLanguage } from '../guards/other-language.ts';
import type { SpeechSpan } from '../guards/signs-of.ts';
import { type HeardSegment, mergeSegments, type WholeRecording } from './merge-segments.ts';

export interface HeardRecording extends WholeRecording {
  /** In order of time. */
  readonly heard: readonly HeardSegment[];
  /** Where a voice was heard; undefined where nobody listened for one. */
  readonly speech: readonly SpeechSpan[] | undefined;
  /** Whether words stay in the transcript, once it is merged by them. */
  readonly keepWords: boolean;
}

/** What was heard in all segments becomes the recording's transcript: text that nobody said is left out, the rest is merged. */
export function finishTranscript({ heard, speech, keepWords, ...recording }: HeardRecording): {
  readonly transcript: Transcript;
  readonly findings: readonly Finding[];
} {
  const { segments: trusted, findings } = findInvented(
    heard.map((segment) => segment.transcript),
    { speech, rules: thresholdsOf(recording.decoding) },
  );
  const whole = mergeSegments(
    heard.map(({ overlapSeconds }, index) => ({ transcript: trusted[index]!, overlapSeconds })),
    recording,
  );
  const transcript = keepWords ? whole : { ...whole, segments: whole.segments.map(withoutWords) };
  return { transcript, findings: [...findings, ...otherLanguage(trusted, recording.decoding.language)] };
}

/** What the engine was told to doubt, the guards doubt too. */
function thresholdsOf({ logprobThreshold, noSpeechThreshold }: DecodingInput) {
  return {
    ...(logprobThreshold === undefined ? {} : { logprobThreshold }),
    ...(noSpeechThreshold === undefined ? {} : { noSpeechThreshold }),
  };
}

function withoutWords({ words: _, ...segment }: SegmentTranscript): SegmentTranscript {
  return segment;
}
