import type { DecodingOptions } from '@murmuration/pipeline/contract/decoding';
import { MurmurationError } from '@murmuration/pipeline/errors';
import type { Manifest } from './manifest.ts';
import type { Tokenizer } from './tokenizer.ts';

/** What stands before the first text token of every row, and what is decided in the first steps. */
export interface Prompt {
  /** `prompt` of the graph. */
  readonly tokens: readonly number[];
  readonly startOfTranscriptIndex: number;
  /** `forced` of the graph: -1 chooses the language, then task and no-timestamps; empty where the prompt has them. */
  readonly forced: readonly number[];
}

/** Whether the graph finds the language itself, in its first step. */
export function detectsLanguage(prompt: Prompt): boolean {
  return prompt.forced.length > 0;
}

/**
 * [startOfPrevious, hotwords, prompt] startOfTranscript [language, task] noTimestamps. `language` is a code of the model, or
 * `auto` (multilingual models only). Throws `invalid-argument` for a translation by an English-only model.
 */
export function buildPrompt(
  options: Pick<DecodingOptions, 'task' | 'prompt' | 'hotwords'>,
  language: string,
  manifest: Pick<Manifest, 'id' | 'tokens' | 'languages' | 'dimensions'>,
  tokenizer: Pick<Tokenizer, 'encode'>,
): Prompt {
  const { tokens, languages } = manifest;
  const previous = previousTokens(options, manifest, tokenizer);
  const start = [...previous, tokens.startOfTranscript];
  if (Object.keys(languages).length === 0) {
    if (options.task === 'translate') {
      throw new MurmurationError(
        'invalid-argument',
        `model ${manifest.id} is English-only and cannot translate: use a multilingual model, or task transcribe`,
        { details: { task: options.task } },
      );
    }
    return { tokens: [...start, tokens.noTimestamps], startOfTranscriptIndex: previous.length, forced: [] };
  }
  const task = tokens[options.task];
  if (language === 'auto') {
    return {
      tokens: start,
      startOfTranscriptIndex: previous.length,
      forced: [-1, task, tokens.noTimestamps],
    };
  }
  const known = languages[language];
  if (known === undefined) throw new MurmurationError('internal', `language ${language} was not resolved`);
  return {
    tokens: [...start, known, task, tokens.noTimestamps],
    startOfTranscriptIndex: previous.length,
    forced: [],
  };
}

/** Hotwords come first, as many whole ones as fit half the room; of the prompt, the end that fits: it is nearest to the audio. */
function previousTokens(
  { prompt, hotwords }: Pick<DecodingOptions, 'prompt' | 'hotwords'>,
  { tokens, dimensions }: Pick<Manifest, 'tokens' | 'dimensions'>,
  tokenizer: Pick<Tokenizer, 'encode'>,
): number[] {
  // 223 of Whisper's 448: the other half is for new text
  const room = Math.floor(dimensions.textContext / 2) - 1;
  // With the leading space, as in running text: openai/whisper, transcribe.py
  const encode = (text: string) => (text.trim() === '' ? [] : tokenizer.encode(` ${text.trim()}`));
  const text = encode(prompt);
  const named = hotwords.map((word) => word.trim()).filter((word) => word !== '');
  const wordsRoom = text.length === 0 ? room : Math.max(Math.floor(room / 2), room - text.length);
  let words: number[] = [];
  for (let count = 1; count <= named.length; count++) {
    const more = encode(named.slice(0, count).join(', '));
    if (more.length > wordsRoom) break;
    words = more;
  }
  const kept = text.slice(Math.max(0, text.length - (room - words.length)));
  const previous = [...words, ...kept];
  return previous.length === 0 ? [] : [tokens.startOfPrevious, ...previous];
}
