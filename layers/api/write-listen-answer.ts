import type { SegmentTranscript, Word } from '@murmuration/pipeline/contract/transcript';
import { unspacedLanguages } from '@murmuration/pipeline/contract/unspaced-languages';
import type { Transcribed } from './api-ports.ts';
import type { ListenAnswer, ListenQuery, ListenWord } from './contract/listen.ts';

export interface ListenFacts {
  readonly requestId: string;
  readonly sha256: string;
  /** Milliseconds of the epoch. */
  readonly now: number;
  readonly newId: () => string;
  readonly warnings: NonNullable<ListenAnswer['metadata']['warnings']>;
}

/** A transcript as Deepgram would answer it. */
export function writeListenAnswer(
  { transcript, media }: Transcribed,
  query: Pick<ListenQuery, 'multichannel' | 'utterances' | 'detect_language' | 'tag' | 'extra'>,
  { requestId, sha256, now, newId, warnings }: ListenFacts,
): ListenAnswer {
  const { segments, model, language, durationSeconds } = transcript;
  const count = query.multichannel === 'true' ? media.channels : 1;
  const channels = Array.from({ length: count }, (_, channel) =>
    segments.filter((segment) => (segment.channel ?? 0) === channel),
  );
  return {
    metadata: {
      transaction_key: 'deprecated',
      request_id: requestId,
      sha256,
      created: new Date(now).toISOString(),
      duration: durationSeconds,
      channels: count,
      models: [model],
      model_info: { [model]: { name: model, version: '1', arch: 'whisper' } },
      ...(query.tag.length === 0 ? {} : { tags: query.tag }),
      ...(query.extra.length === 0 ? {} : { extra: Object.fromEntries(query.extra.map(splitAtColon)) }),
      ...(warnings.length === 0 ? {} : { warnings }),
    },
    results: {
      channels: channels.map((own) => ({
        alternatives: [alternativeOf(own, language)],
        ...(query.detect_language === 'true' ? { detected_language: language } : {}),
      })),
      ...(query.utterances === 'true'
        ? {
            utterances: segments
              .filter(({ text }) => text.trim() !== '')
              .map((segment) => ({
                id: newId(),
                start: segment.startSeconds,
                end: segment.endSeconds,
                channel: segment.channel ?? 0,
                ...alternativeOf([segment], language),
              })),
          }
        : {}),
    },
  };
}

const splitAtColon = (written: string): [key: string, value: string] => {
  const colon = written.indexOf(':');
  return [written.slice(0, colon), written.slice(colon + 1)];
};

function alternativeOf(segments: readonly SegmentTranscript[], language: string) {
  const texts = segments.map(({ text }) => text.trim()).filter((text) => text !== '');
  const words = segments.flatMap(({ words = [] }) => words);
  const sum = words.reduce((total, { probability }) => total + probability, 0);
  return {
    transcript: texts.join(unspacedLanguages.has(language) ? '' : ' '),
    confidence: words.length === 0 ? 0 : sum / words.length,
    words: words.map(toListenWord),
  };
}

function toListenWord({ text, startSeconds, endSeconds, probability }: Word): ListenWord {
  const written = text.trim();
  const bare = written.replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, '').toLowerCase();
  return {
    word: bare === '' ? written : bare,
    start: startSeconds,
    end: endSeconds,
    confidence: probability,
    punctuated_word: written,
  };
}
