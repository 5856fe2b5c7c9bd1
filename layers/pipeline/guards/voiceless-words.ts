import type { SegmentTranscript, Word } from '../contract/transcript.ts';
import { bagPhrase } from './bag-phrases.ts';
import type { Cut } from './cut-loop.ts';
import type { GuardRules } from './guard-rules.ts';
import type { SpeechSpan } from './signs-of.ts';

// Words are placed to about 0.1 s, those at the end of a sentence worse, and detectors cut breathy ends off
const MARGIN_SECONDS = 1;

export interface VoicelessWords {
  readonly kept: SegmentTranscript;
  /** Runs that were left out: unlikely, or phrases that Whisper invents. */
  readonly dropped: readonly Cut[];
  /** Runs that were kept, since nothing else speaks against them. */
  readonly doubtful: readonly Cut[];
}

/** Looks for runs of words at times when nobody spoke, within a segment in which somebody did. */
export function voicelessWords(
  segment: SegmentTranscript,
  speech: readonly SpeechSpan[],
  rules: GuardRules,
): VoicelessWords {
  const near = speech.filter(
    (span) =>
      span.channel === segment.channel &&
      span.startSeconds < segment.endSeconds + MARGIN_SECONDS &&
      span.endSeconds > segment.startSeconds - MARGIN_SECONDS,
  );
  const isVoiceless = (word: Word) =>
    near.every(
      (span) =>
        word.startSeconds >= span.endSeconds + MARGIN_SECONDS ||
        word.endSeconds <= span.startSeconds - MARGIN_SECONDS,
    );
  const runs: { words: Word[]; isVoiceless: boolean }[] = [];
  for (const word of segment.words ?? []) {
    const run = runs.at(-1);
    if (run?.isVoiceless === isVoiceless(word)) run.words.push(word);
    else runs.push({ words: [word], isVoiceless: isVoiceless(word) });
  }
  const isDropped = (run: (typeof runs)[number]) => run.isVoiceless && isInvented(run.words, rules);
  const dropped = runs.filter(isDropped).map((run) => cutOf(run.words));
  const doubtful = runs.filter((run) => run.isVoiceless && !isDropped(run)).map((run) => cutOf(run.words));
  if (dropped.length === 0) return { kept: segment, dropped, doubtful };
  const words = runs.filter((run) => !isDropped(run)).flatMap((run) => run.words);
  return { kept: { ...segment, words, text: textOf(words) }, dropped, doubtful };
}

function isInvented(words: readonly Word[], rules: GuardRules): boolean {
  const sum = words.reduce((total, word) => total + word.probability, 0);
  if (sum / words.length < rules.voicelessProbability) return true;
  const bag = bagPhrase(textOf(words));
  // "so" or "the" alone is more likely a word of a sentence that was placed badly
  return bag === 'credit' || (bag === 'everyday' && words.length >= 2);
}

const textOf = (words: readonly Word[]) => words.map((word) => word.text).join('');

function cutOf(words: readonly Word[]): Cut {
  const { startSeconds } = words[0]!;
  return { startSeconds, endSeconds: words.at(-1)!.endSeconds, text: textOf(words) };
}
