import type { DecodingInput } from '@murmuration/pipeline/contract/decoding';
import { TextEdits } from '@murmuration/pipeline/contract/text-edits';
import { parseInput } from './bodies/parse-input.ts';
import { type ListenAnswer, ListenQuery, redactKindOf } from './contract/listen.ts';
import { textEditsOf } from './text-edits-of.ts';

type Warnings = NonNullable<ListenAnswer['metadata']['warnings']>;

/** What a client of Deepgram's route wants, in the pipeline's words. */
export interface WantedListening {
  readonly query: ListenQuery;
  readonly decoding: DecodingInput;
  readonly edits: TextEdits | undefined;
  /** Parameters that ask for what is not done here. */
  readonly warnings: Warnings;
}

/** Repeated in Deepgram's API; all others have one value. */
const lists = ['redact', 'replace', 'keyterm', 'keywords', 'tag', 'extra'];

/** What is so here in any case, or says nothing of the answer. */
const satisfied = new Set(['smart_format', 'punctuate', 'mip_opt_out', 'callback_method']);

/** Reads a query. Throws `invalid-argument` for what cannot be used. */
export function readListenRequest(queries: Readonly<Record<string, readonly string[]>>): WantedListening {
  const values = Object.entries(queries).map(([name, written]) => [
    name,
    lists.includes(name) ? written : written.at(-1),
  ]);
  const query = parseInput(ListenQuery, { ...Object.fromEntries(values), redact: redactOf(queries) });
  const hotwords = [...query.keyterm, ...query.keywords.map((word) => word.replace(/:[^:]*$/, ''))];
  return {
    query,
    decoding: {
      language: languageOf(query),
      hotwords: hotwords.filter((word) => word.trim() !== ''),
    },
    edits: editsOf(query),
    warnings: warningsOf(queries),
  };
}

/** Deepgram's default is `false`, and its clients may send that. */
function redactOf({ redact = [] }: Readonly<Record<string, readonly string[]>>): string[] {
  const kinds = redact.flatMap((written) => written.split(','));
  return kinds.length === 1 && kinds[0]?.toLowerCase() === 'false' ? [] : kinds;
}

/** Deepgram's tags may have a region, which Whisper does not tell apart; `multi` is for those who change their language. */
function languageOf({ language = 'auto', detect_language: isDetected }: ListenQuery): string {
  if (isDetected === 'true' || language === 'multi') return 'auto';
  return language.replace(/^([a-z]{2,3})-[a-z0-9-]+$/i, '$1');
}

function editsOf({ redact, replace }: ListenQuery): TextEdits | undefined {
  const rules = replace.map((written) => {
    const colon = written.indexOf(':');
    return { find: written.slice(0, colon), with: written.slice(colon + 1) };
  });
  const edits = parseInput(TextEdits, { redact: redact.map((kind) => redactKindOf[kind]), replace: rules });
  return textEditsOf({ ...edits, phone_country: edits.phoneCountry });
}

function warningsOf(queries: Readonly<Record<string, readonly string[]>>): Warnings {
  const isWanted = ([name, values]: [string, readonly string[]]) =>
    !Object.hasOwn(ListenQuery.shape, name) &&
    !satisfied.has(name) &&
    values.some((value) => value.toLowerCase() !== 'false');
  return Object.entries(queries)
    .filter(isWanted)
    .slice(0, 50)
    .map(([name]) => ({
      parameter: name.slice(0, 100),
      type: 'unsupported_parameter',
      message: 'This server does not know it, and has done nothing about it.',
    }));
}
