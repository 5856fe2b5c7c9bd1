import { TextEdits } from '@murmuration/pipeline/contract/text-edits';
import { z } from 'zod';
import { writtenFlag } from './written-flag.ts';
import { writtenNumber } from './written-number.ts';

/** Why what needs speakers is refused. */
const NO_SPEAKERS =
  'no Whisper tells speakers apart: leave it out, or send a channel for each to POST /v1/jobs';

/** OpenAI's formats but `diarized_json`. */
export const ResponseFormat = z.enum(['json', 'text', 'srt', 'verbose_json', 'vtt'], {
  error: ({ input }) =>
    input === 'diarized_json' ? NO_SPEAKERS : 'give json, text, srt, verbose_json or vtt',
});
export type ResponseFormat = z.infer<typeof ResponseFormat>;

const NO_SHARE = 'give a number from 0 to 1';
const share = writtenNumber(z.number(NO_SHARE).min(0, NO_SHARE).max(1, NO_SHARE));

const shared = {
  /** An id of `GET /v1/models`, or `whisper-1`. */
  model: z.string().min(1).max(200),
  /** Earlier text, or spellings to follow. */
  prompt: z.string().max(20_000).optional(),
  response_format: ResponseFormat.default('json'),
  /** 0 climbs from 0 to 1 by itself where a text looks wrong. */
  temperature: share.default(0),
  /** Ours: find and replace in the transcript. JSON, an array of rules: `[{"find": "jeff", "with": "Jeff"}]`. */
  replace: z.string().max(64_000).default('[]'),
  /** Ours: what is private becomes `[email]`, `[card]` …; nothing of the text is kept, and a stream tells it at the end. */
  redact: TextEdits.shape.redact,
  /** Ours: ISO code of the country whose telephone numbers are written without `+`. */
  phone_country: TextEdits.shape.phoneCountry,
};

const NO_MILLISECONDS = 'give whole milliseconds';
const milliseconds = writtenNumber(
  z.int(NO_MILLISECONDS).min(0, NO_MILLISECONDS).max(999_999, NO_MILLISECONDS),
).optional();

/** How the server may cut: it always listens for voices, so these are checked and otherwise left alone. */
const ChunkingStrategy = z.union(
  [
    z.literal('auto'),
    z.strictObject({
      type: z.literal('server_vad'),
      prefix_padding_ms: milliseconds,
      silence_duration_ms: milliseconds,
      threshold: share.optional(),
    }),
  ],
  {
    error:
      'give auto, or type server_vad with prefix_padding_ms, silence_duration_ms and a threshold from 0 to 1',
  },
);

const noSpeakers = z.undefined({ error: NO_SPEAKERS }).optional();

/** Fields of `POST /v1/audio/transcriptions` beside the file, as a form sends them: in text. Others are ignored. */
export const TranscriptionParameters = z.object({
  ...shared,
  /** Code or English name; detected where absent. */
  language: z.string().max(100).optional(),
  timestamp_granularities: z
    .array(z.enum(['word', 'segment']))
    .max(10)
    .optional(),
  include: z.array(z.literal('logprobs')).max(10).default([]),
  chunking_strategy: ChunkingStrategy.optional(),
  stream: writtenFlag(z.enum(['true', 'false'])).default('false'),
  known_speaker_names: noSpeakers,
  known_speaker_references: noSpeakers,
});
export type TranscriptionParameters = z.infer<typeof TranscriptionParameters>;

/** Fields of `POST /v1/audio/translations`: into English. */
export const TranslationParameters = z.object(shared);
