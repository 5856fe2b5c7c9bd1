import { SAMPLE_RATE_HERTZ } from '@murmuration/pipeline/ports';
import { WINDOW_SAMPLES } from './voice.ts';

/** A stretch in which a voice was heard; the end is the first sample after it. */
export interface SpeechSpan {
  readonly startSample: number;
  readonly endSample: number;
}

/** Names and defaults are faster-whisper's `VadOptions` with units. */
export interface FindSpeechOptions {
  /** From this probability on a window is speech. @default 0.5 */
  readonly threshold?: number | undefined;
  /** Below this probability speech may end; between the two it goes on. @default threshold - 0.15 */
  readonly endThreshold?: number | undefined;
  /** Spans must be longer, before padding. @default 0 */
  readonly minSpeechMilliseconds?: number | undefined;
  /** Longer spans are split at their last silence of 98 ms, else wherever they are. @default no limit */
  readonly maxSpeechSeconds?: number | undefined;
  /** Shorter silences belong to the speech around them. @default 2000 */
  readonly minSilenceMilliseconds?: number | undefined;
  /** Added on both sides, but never beyond the middle of a silence. @default 400 */
  readonly paddingMilliseconds?: number | undefined;
}

const MILLISECOND_SAMPLES = SAMPLE_RATE_HERTZ / 1000;
/** A silence as long as this is good enough to split a span that is too long. */
const SPLITTING_SILENCE_SAMPLES = 98 * MILLISECOND_SAMPLES;

/**
 * Where the speech is, given a probability for each window of 512 samples. Equals `get_speech_timestamps` of
 * faster-whisper 1.2 on the same probabilities.
 */
export function findSpeech(
  probabilities: ArrayLike<number>,
  samples: number,
  options: FindSpeechOptions = {},
): SpeechSpan[] {
  const paddingSamples = (options.paddingMilliseconds ?? 400) * MILLISECOND_SAMPLES;
  return withPadding(bareSpans(probabilities, samples, paddingSamples, options), samples, paddingSamples);
}

function bareSpans(
  probabilities: ArrayLike<number>,
  samples: number,
  paddingSamples: number,
  {
    threshold = 0.5,
    endThreshold,
    minSpeechMilliseconds,
    maxSpeechSeconds,
    minSilenceMilliseconds,
  }: FindSpeechOptions,
): SpeechSpan[] {
  const endBelow = endThreshold ?? Math.max(threshold - 0.15, 0.01);
  const minSpeech = (minSpeechMilliseconds ?? 0) * MILLISECOND_SAMPLES;
  const minSilence = (minSilenceMilliseconds ?? 2000) * MILLISECOND_SAMPLES;
  const maxSpeech =
    (maxSpeechSeconds ?? Number.POSITIVE_INFINITY) * SAMPLE_RATE_HERTZ - WINDOW_SAMPLES - 2 * paddingSamples;
  const spans: SpeechSpan[] = [];
  /** Of the span under way. */
  let startSample: number | undefined;
  // 0 stands for none: no silence can start before the first speech.
  let silenceStart = 0;
  /** Where to split a span that grows too long: its last silence, and the speech after that. */
  let splitEnd = 0;
  let splitStart = 0;
  const close = (endSample: number, nextStart?: number) => {
    spans.push({ startSample: startSample!, endSample });
    startSample = nextStart;
    silenceStart = splitEnd = splitStart = 0;
  };

  for (let window = 0; window < probabilities.length; window += 1) {
    const probability = probabilities[window]!;
    const at = window * WINDOW_SAMPLES;
    if (probability >= threshold && silenceStart > 0) {
      silenceStart = 0;
      if (splitStart < splitEnd) splitStart = at;
    }
    if (startSample === undefined) {
      if (probability >= threshold) startSample = at;
      continue;
    }
    if (at - startSample > maxSpeech) {
      const split = splitEnd > 0;
      if (split) close(splitEnd, splitStart < splitEnd ? undefined : splitStart);
      else close(at);
      if (!split || startSample === undefined) continue;
    }
    if (probability >= endBelow) continue;
    if (silenceStart === 0) silenceStart = at;
    if (at - silenceStart > SPLITTING_SILENCE_SAMPLES) splitEnd = silenceStart;
    if (at - silenceStart < minSilence) continue;
    if (silenceStart - startSample > minSpeech) close(silenceStart);
    startSample = undefined;
    silenceStart = splitEnd = splitStart = 0;
  }
  if (startSample !== undefined && samples - startSample > minSpeech) close(samples);
  return spans;
}

function withPadding(spans: readonly SpeechSpan[], samples: number, paddingSamples: number): SpeechSpan[] {
  return spans.map(({ startSample, endSample }, index) => {
    const silenceBefore = startSample - (spans[index - 1]?.endSample ?? Number.NEGATIVE_INFINITY);
    const silenceAfter = (spans[index + 1]?.startSample ?? Number.POSITIVE_INFINITY) - endSample;
    return {
      startSample: Math.trunc(Math.max(0, startSample - room(silenceBefore))),
      endSample: Math.trunc(Math.min(samples, endSample + room(silenceAfter))),
    };
  });

  function room(silence: number): number {
    return silence < 2 * paddingSamples ? Math.floor(silence / 2) : paddingSamples;
  }
}
