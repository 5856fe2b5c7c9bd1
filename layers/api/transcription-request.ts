import type { DecodingInput } from '@murmuration/pipeline/contract/decoding';
import { TextEdits } from '@murmuration/pipeline/contract/text-edits';
import { readReplaceRules } from '@murmuration/pipeline/edits/read-replace-rules';
import { MurmurationError } from '@murmuration/pipeline/errors';
import { z } from 'zod';
import { type FormValue, formValues } from './bodies/form-values.ts';
import { parseInput } from './bodies/parse-input.ts';
import {
  type ResponseFormat,
  TranscriptionParameters,
  TranslationParameters,
} from './contract/transcription-parameters.ts';
import { textEditsOf } from './text-edits-of.ts';

/** What a client of OpenAI's audio routes wants, in the pipeline's words. */
export interface WantedTranscription {
  readonly model: string;
  readonly format: ResponseFormat;
  readonly decoding: DecodingInput;
  /** What `verbose_json` holds. */
  readonly granularities: readonly ('word' | 'segment')[];
  readonly logprobs: boolean;
  readonly stream: boolean;
  /** What is changed before the answer. */
  readonly edits: TextEdits | undefined;
}

type Task = 'transcribe' | 'translate';
const lists = ['timestamp_granularities', 'include', 'redact'];

/** Reads the fields of a form. Throws `invalid-argument`, as OpenAI's API does, also where two of them do not agree. */
export function readTranscriptionRequest(
  fields: readonly (readonly [string, string])[],
  task: Task,
): WantedTranscription {
  const values = withoutBlanks(withStrategy(withSplitKinds(formValues(fields, lists))));
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
    edits: textEditsOf({ ...parsed, replace: parseRules(parsed.replace) }),
    decoding: {
      task,
      language: only?.language?.trim() ?? 'auto',
      ...(prompt === undefined ? {} : { prompt }),
      ...(temperature === 0 ? {} : { temperatures: [temperature] }),
      words: logprobs || granularities.includes('word'),
    },
  };
}

/** Curl's users write `redact=email,phone`. */
function withSplitKinds(values: Readonly<Record<string, FormValue>>): Readonly<Record<string, FormValue>> {
  const { redact, ...others } = values;
  if (!Array.isArray(redact)) return values;
  return { ...others, redact: redact.flatMap((kinds: string) => kinds.split(',')) };
}

/** Curl's users write `chunking_strategy={"type": "server_vad"}`. */
function withStrategy(values: Readonly<Record<string, FormValue>>): Readonly<Record<string, FormValue>> {
  const { chunking_strategy: written } = values;
  if (typeof written !== 'string' || !written.trimStart().startsWith('{')) return values;
  try {
    const entries = Object.entries(JSON.parse(written) as object).filter(([, value]) => value !== null);
    const strategy = Object.fromEntries(entries.map(([name, value]) => [name, String(value)]));
    return { ...values, chunking_strategy: strategy };
  } catch {
    // No JSON: it is refused as it stands
    return values;
  }
}

const isWritten = (value: string) => value.trim() !== '';

/** What a form holds and nobody filled in is as good as not sent. */
function withoutBlanks(values: Readonly<Record<string, FormValue>>): Readonly<Record<string, FormValue>> {
  const kept = Object.entries(values).flatMap(([name, value]): [string, FormValue][] => {
    if (typeof value === 'string') return isWritten(value) ? [[name, value]] : [];
    if (Array.isArray(value)) return value.some(isWritten) ? [[name, value.filter(isWritten)]] : [];
    return [[name, Object.fromEntries(Object.entries(value).filter(([, part]) => isWritten(part)))]];
  });
  return Object.fromEntries(kept);
}

function parseRules(written: string): TextEdits['replace'] {
  return parseInput(z.object({ replace: TextEdits.shape.replace }), { replace: readReplaceRules(written) })
    .replace;
}

function disagreement(param: string, needed: string, format: string): MurmurationError {
  return new MurmurationError(
    'invalid-argument',
    `${param} needs response_format ${needed}, and it is ${format}: change one of them`,
    { details: { param } },
  );
}
