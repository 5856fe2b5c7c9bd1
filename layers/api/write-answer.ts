import type { SegmentTranscript, Transcript } from '@murmuration/pipeline/contract/transcript';
import { unspacedLanguages } from '@murmuration/pipeline/contract/unspaced-languages';
import { formats } from '@murmuration/pipeline/formats/formats';
import { toVerboseTranscription } from '@murmuration/pipeline/formats/verbose-json';
import type { Logprob, TranscriptionEvent } from './contract/transcription-answer.ts';
import type { WantedTranscription } from './transcription-request.ts';

/** A transcript in the format that was asked for: a string, or what becomes JSON. */
export function writeAnswer(transcript: Transcript, wanted: WantedTranscription): string | object {
  const { format, logprobs, granularities } = wanted;
  const isTranslation = transcript.task === 'translate';
  switch (format) {
    case 'text':
    case 'srt':
    case 'vtt':
      return formats[format].write(transcript);
    case 'json':
      if (isTranslation) return { text: transcript.text };
      return {
        text: transcript.text,
        ...(logprobs ? { logprobs: logprobsOf(transcript.segments) } : {}),
        usage: toVerboseTranscription(transcript).usage,
      };
    case 'verbose_json': {
      const { segments, words, usage, ...rest } = toVerboseTranscription(transcript);
      if (isTranslation) return { ...rest, language: 'english', segments };
      return {
        ...rest,
        ...(granularities.includes('segment') ? { segments } : {}),
        ...(granularities.includes('word') ? { words: words ?? [] } : {}),
        usage,
      };
    }
  }
}

/** Text of segments as they are heard, so that all deltas make one text. */
export function deltaWriter({ logprobs }: Pick<WantedTranscription, 'logprobs'>) {
  let hasText = false;
  return (segments: readonly SegmentTranscript[]): TranscriptionEvent[] =>
    segments.flatMap((segment) => {
      const text = segment.text.trim();
      if (text === '') return [];
      const gap = hasText && !unspacedLanguages.has(segment.language) ? ' ' : '';
      hasText = true;
      return [
        {
          type: 'transcript.text.delta' as const,
          delta: gap + text,
          ...(logprobs ? { logprobs: logprobsOf([segment]) } : {}),
        },
      ];
    });
}

/** The last event of a stream. */
export function doneEvent(
  transcript: Transcript,
  { logprobs }: Pick<WantedTranscription, 'logprobs'>,
): TranscriptionEvent {
  // The encoder has 50 positions a second
  const audio = Math.ceil(transcript.durationSeconds * 50);
  const output = transcript.segments.reduce((sum, { tokens }) => sum + tokens.length, 0);
  return {
    type: 'transcript.text.done',
    text: transcript.text,
    ...(logprobs ? { logprobs: logprobsOf(transcript.segments) } : {}),
    usage: {
      type: 'tokens',
      input_tokens: audio,
      input_token_details: { audio_tokens: audio, text_tokens: 0 },
      output_tokens: output,
      total_tokens: audio + output,
    },
  };
}

function logprobsOf(segments: readonly SegmentTranscript[]): Logprob[] {
  return segments
    .flatMap(({ words }) => words ?? [])
    .map(({ text, probability }) => ({
      token: text,
      // JSON knows no minus infinity
      logprob: Math.log(Math.max(probability, Number.MIN_VALUE)),
      bytes: [...Buffer.from(text)],
    }));
}
