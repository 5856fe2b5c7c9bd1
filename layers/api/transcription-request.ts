import type { DecodingInput } from '@murmuration/pipeline/contract/decoding';
import { MurmurationError } from '@murmuration/pipeline/errors';
import type { z } from 'zod';
import { formValues } from './bodies/form-values.ts';
import { parseInput } from './bodies/parse-input.ts';
import {
  type ResponseFormat,
  TranscriptionParameters,
  TranslationParameters,
} from './contract/transcription-parameters.ts';

/** What a client of OpenAI's audio routes wants, in the pipeline's words. */
export interface WantedTranscription {
  readonly model: string;
  readonly format: ResponseFormat;
  readonly decoding: DecodingInput;
  /** What `verbose_json` holds. */
  readonly granularities: readonly ('word' | 'segment')[];
  readonly logprobs: boolean;
  readonly stream: boolean;
}

type Task = 'transcribe' | 'translate';
const lists = ['timestamp_granularities', 'include'];

/** Reads the fields of a form. Throws `invalid-argument`, as OpenAI's API does, also where two of them do not agree. */
export function readTranscriptionRequest(
  fields: readonly (readonly [string, string])[],
  task: Task,
): WantedTranscription {
  const values = formValues(fields, lists);
  const parsed =
    task === 'translate'
      ? parseInput(TranslationParameters, values)
      : parseInput(TranscriptionParameters, values);
  const { model, prompt, response_format: format, temperature } = parsed;
  const only = task === 'transcribe' ? (parsed as z.output<typeof TranscriptionParameters>) : undefined;
  if (only?.timestamp_granularities !== undefined && format !== 'verbose_json') {
    throw disagreement('timestamp_granularities', 'verbose_json', format);
  }
  const logprobs = only?.include.includes('logprobs') ?? false;
  if (logprobs && format !== 'json') throw disagreement('include', 'json', format);
  const granularities = only?.timestamp_granularities ?? ['segment'];
  return {
    model,
    format,
    granularities: granularities.length === 0 ? ['segment'] : granularities,
    logprobs,
    stream: only?.stream === 'true',
    decoding: {
      task,
      // As OpenAI's forms may hold it, empty
      language: only?.language?.trim() || 'auto',
      ...(prompt === undefined ? {} : { prompt }),
      ...(temperature === 0 ? {} : { temperatures: [temperature] }),
      words: logprobs || granularities.includes('word'),
    },
  };
}

function disagreement(param: string, needed: string, format: string): MurmurationError {
  return new MurmurationError(
    'invalid-argument',
    `${param} needs response_format ${needed}, and it is ${format}: change one of them`,
    { details: { param } },
  );
}
