import type { Word } from '@murmuration/pipeline/contract/transcript';
import { type Attention, alignmentScores } from './attention.ts';
import { SECONDS_PER_POSITION } from './context.ts';
import { warp } from './dtw.ts';
import { splitWords } from './split-words.ts';
import { tidyWords } from './tidy-words.ts';
import type { Tokenizer } from './tokenizer.ts';

export interface AlignmentInput {
  readonly tokens: readonly number[];
  /** One per token. */
  readonly logprobs: readonly number[];
  /** One step per token, and one more for the end token unless decoding stopped before it. */
  readonly attention: Attention;
  readonly language: string;
  readonly durationSeconds: number;
  /** How late the decoder attends to what it writes: see `attentionDelaySeconds`. @default 0 */
  readonly delaySeconds?: number;
}

/**
 * When each word was said, from what the decoder attended to as it chose the tokens (openai/whisper, timing.py).
 * Times are seconds from the start of the segment, 20 ms apart, in order.
 */
export function align(input: AlignmentInput, tokenizer: Pick<Tokenizer, 'pieces'>): Word[] {
  const { tokens, logprobs, attention, language, durationSeconds, delaySeconds = 0 } = input;
  if (tokens.length === 0) return [];
  const starts = startSeconds(attention).map((seconds) => Math.max(0, seconds - delaySeconds));
  const probabilities = logprobs.map(Math.exp);
  let at = 0;
  const words = splitWords(tokens, language, tokenizer).map((word) => {
    const end = at + word.tokens.length;
    const sum = probabilities.slice(at, end).reduce((total, probability) => total + probability, 0);
    const timed = {
      text: word.text,
      startSeconds: starts[at]!,
      endSeconds: starts[end] ?? durationSeconds,
      probability: Math.min(1, sum / word.tokens.length),
    };
    at = end;
    return timed;
  });
  return tidyWords(words, durationSeconds);
}

/** When each step's token begins: the first position at which the best path through the scores reaches its row. */
function startSeconds(attention: Attention): number[] {
  const cost = alignmentScores(attention).map((score) => -score);
  const path = warp(cost, attention.steps, attention.positions);
  const starts: number[] = [];
  for (let i = 0; i < path.rows.length; i++) {
    if (path.rows[i] === starts.length) starts.push(path.columns[i]! * SECONDS_PER_POSITION);
  }
  return starts;
}
