import type { SegmentTranscript } from '../contract/transcript.ts';
import type { Span } from '../transcripts/span.ts';
import { bagPhrase } from './bag-phrases.ts';
import { findLoop, type Loop } from './find-loop.ts';
import type { GuardRules } from './guard-rules.ts';
import { saidWords } from './said-words.ts';

/** A stretch in which somebody speaks, in seconds of the recording. */
export interface SpeechSpan extends Span {
  /** As in the segments; undefined where there is one channel. */
  readonly channel?: number | undefined;
}

/** What speaks against a segment's text. */
export interface Signs {
  /** The voice detector heard nobody in the whole segment. */
  readonly isVoiceless: boolean;
  /** The model itself doubts the text, or that anybody spoke. */
  readonly unlikely: 'low-probability' | 'no-speech' | undefined;
  readonly bag: 'credit' | 'everyday' | undefined;
  readonly loop: Loop | undefined;
  /** More words than anybody says in the whole segment. */
  readonly isTooFast: boolean;
  /** More words than anybody says in the seconds with a voice; weak, since detectors miss voices. */
  readonly isFasterThanVoice: boolean;
}

// A very short segment is cut tightly: two words more than its seconds allow are no sign
const WORDS_TO_SPARE = 2;

export function signsOf(
  segment: SegmentTranscript,
  speech: readonly SpeechSpan[] | undefined,
  rules: GuardRules,
): Signs {
  const words = wordsOf(segment);
  const isTooMany = (seconds: number) => words.length > rules.maxWordsPerSecond * seconds + WORDS_TO_SPARE;
  const voicedSeconds = speech && voicedSecondsIn(segment, speech);
  return {
    isVoiceless: voicedSeconds === 0,
    unlikely:
      segment.avgLogprob < rules.logprobThreshold
        ? 'low-probability'
        : segment.noSpeechProbability > rules.noSpeechThreshold
          ? 'no-speech'
          : undefined,
    bag: bagPhrase(segment.text),
    loop: findLoop(words),
    isTooFast: isTooMany(segment.endSeconds - segment.startSeconds),
    isFasterThanVoice: voicedSeconds !== undefined && voicedSeconds > 0 && isTooMany(voicedSeconds),
  };
}

/** Words as they are compared; where they have times, of each of these, since a loop is cut between them. */
function wordsOf({ words = [], text }: SegmentTranscript): string[] {
  const said = words.length > 0 ? words.flatMap((word) => saidWords(word.text)) : saidWords(text);
  return said.map((word) => word.normal);
}

function voicedSecondsIn(segment: SegmentTranscript, speech: readonly SpeechSpan[]): number {
  let seconds = 0;
  for (const span of speech) {
    if (span.channel !== segment.channel) continue;
    const start = Math.max(span.startSeconds, segment.startSeconds);
    seconds += Math.max(0, Math.min(span.endSeconds, segment.endSeconds) - start);
  }
  return seconds;
}
