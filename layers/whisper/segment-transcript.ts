import type { DecodingOptions } from '@murmuration/pipeline/contract/decoding';
import type { SegmentTranscript } from '@murmuration/pipeline/contract/transcript';
import { align } from './align.ts';
import type { Outcome } from './ladder.ts';
import type { DecodedRow } from './read-attempts.ts';
import type { Tokenizer } from './tokenizer.ts';

export interface SegmentAudio {
  readonly seconds: number;
  /** A code that was asked for, or `auto`. */
  readonly language: string;
}

/** What the ladder kept, as the contract has it; the text of a silent segment moves to `dropped`. */
export function toSegmentTranscript(
  { attempt, row, fallbacks, fault, silent }: Outcome<DecodedRow>,
  { seconds, language }: SegmentAudio,
  options: Pick<DecodingOptions, 'words'>,
  { tokenizer, delaySeconds }: { tokenizer: Pick<Tokenizer, 'pieces'>; delaySeconds: number },
): SegmentTranscript {
  const dropped = silent && attempt.text !== '';
  return {
    startSeconds: 0,
    endSeconds: seconds,
    text: silent ? '' : attempt.text,
    tokens: silent ? [] : [...attempt.tokens],
    ...(options.words && {
      words:
        silent || attempt.attention === undefined
          ? []
          : align(
              { ...attempt, attention: attempt.attention, durationSeconds: seconds, delaySeconds },
              tokenizer,
            ),
    }),
    language: attempt.language,
    languageProbability: language === 'auto' ? attempt.languageProbability : 1,
    avgLogprob: attempt.avgLogprob,
    compressionRatio: attempt.compressionRatio,
    noSpeechProbability: attempt.noSpeechProbability,
    temperature: row.temperature,
    context: row.context,
    fallbacks: [...fallbacks],
    ...(fault !== undefined && { fault }),
    ...(dropped && { dropped: { reason: 'no-speech' as const, text: attempt.text } }),
  };
}

/** Of a segment that no run was spent on. */
export function nothingSaid(
  { seconds, language }: SegmentAudio,
  options: Pick<DecodingOptions, 'words' | 'temperatures'>,
): SegmentTranscript {
  return {
    startSeconds: 0,
    endSeconds: seconds,
    text: '',
    tokens: [],
    ...(options.words && { words: [] }),
    // ISO 639's "undetermined"
    language: language === 'auto' ? 'und' : language,
    languageProbability: language === 'auto' ? 0 : 1,
    avgLogprob: 0,
    compressionRatio: 0,
    noSpeechProbability: 1,
    temperature: options.temperatures[0]!,
    context: 'short',
    fallbacks: [],
  };
}
