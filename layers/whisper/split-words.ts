import { unspacedLanguages } from '@murmuration/pipeline/contract/unspaced-languages';
import type { Piece, Tokenizer } from './tokenizer.ts';

const PUNCTUATION_ONLY = /^[!-/:-@[-`{-~]*$/;

/**
 * Text tokens as words, in unspaced languages as characters; punctuation stands alone for now. The words joined are the text.
 */
export function splitWords(
  tokens: readonly number[],
  language: string,
  tokenizer: Pick<Tokenizer, 'pieces'>,
): Piece[] {
  const pieces = tokenizer.pieces(tokens);
  if (unspacedLanguages.has(language)) return pieces;
  const words: { text: string; tokens: number[] }[] = [];
  for (const { text, tokens } of pieces) {
    const last = words.at(-1);
    if (last === undefined || text.startsWith(' ') || PUNCTUATION_ONLY.test(text.trim())) {
      words.push({ text, tokens: [...tokens] });
    } else {
      last.text += text;
      last.tokens.push(...tokens);
    }
  }
  return words;
}
