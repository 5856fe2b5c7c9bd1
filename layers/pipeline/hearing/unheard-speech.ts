import type { Word } from '../contract/transcript.ts';
import type { Span } from '../transcripts/span.ts';

/** Shorter than any sentence, longer than the errors of word times. */
const LEAST_VOICED_SECONDS = 0.8;

/**
 * Stretches in which somebody speaks and no word was heard: the decoder skips whole utterances that stand after a pause,
 * and is confident about it, so that only the voice gives them away. `speech` is where voice activity detection hears one.
 */
export function unheardSpeech(words: readonly Word[], speech: readonly Span[]): Span[] {
  const gaps = [0, ...words.map((word) => word.endSeconds)].map((startSeconds, index) => ({
    startSeconds,
    endSeconds: words[index]?.startSeconds ?? Number.POSITIVE_INFINITY,
  }));
  return gaps.flatMap((gap) => {
    const voiced = speech.map((span) => overlapOf(gap, span)).filter((span) => span !== undefined);
    const voicedSeconds = voiced.reduce((sum, span) => sum + span.endSeconds - span.startSeconds, 0);
    if (voicedSeconds < LEAST_VOICED_SECONDS) return [];
    return [{ startSeconds: voiced[0]!.startSeconds, endSeconds: voiced.at(-1)!.endSeconds }];
  });
}

function overlapOf(a: Span, b: Span): Span | undefined {
  const startSeconds = Math.max(a.startSeconds, b.startSeconds);
  const endSeconds = Math.min(a.endSeconds, b.endSeconds);
  return startSeconds < endSeconds ? { startSeconds, endSeconds } : undefined;
}
