import { readFile } from 'node:fs/promises';
import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import { MurmurationError } from '@murmuration/pipeline/errors';
import { z } from 'zod';

/** A run of tokens that together spell whole characters. */
export interface Piece {
  readonly text: string;
  readonly tokens: readonly number[];
}

/** Text to tokens and back, by the model's byte-level vocabulary. Special tokens come from the manifest, never from text. */
export interface Tokenizer {
  /** Tokens of plain text; what spells a special token (`<|…|>`) is left out. */
  encode(text: string): number[];
  /** Text of `tokens`; special ones are skipped, bytes that are not UTF-8 become U+FFFD. */
  decode(tokens: readonly number[]): string;
  /** `tokens` cut where characters are complete; the pieces joined are `decode(tokens)`. */
  pieces(tokens: readonly number[]): Piece[];
}

// The vocabulary itself is checked in `pieceTable`: zod would take 50 ms over 50,000 entries
const TokenizerFile = z.looseObject({
  model: z.looseObject({ vocab: z.custom<Record<string, number>>((value) => value instanceof Object) }),
});

/** Reads `tokenizer.json`; tokens from `endOfText` on are special. Throws `model-corrupt`. */
export async function loadTokenizer(path: string, endOfText: number): Promise<Tokenizer> {
  try {
    return createTokenizer(JSON.parse(await readFile(path, 'utf8')), endOfText);
  } catch (cause) {
    throw new MurmurationError(
      'model-corrupt',
      `tokenizer "${path}" is not a byte-level tokenizer.json; build the model again with "npm run model -- build"`,
      { details: { path }, cause },
    );
  }
}

/** `json` is the content of a Hugging Face `tokenizer.json`. */
export function createTokenizer(json: object, endOfText: number): Tokenizer {
  const { vocab } = TokenizerFile.parse(json).model;
  const pieceOf = pieceTable(vocab, endOfText);
  // Built on the first prompt only: it takes 0.1 s, and most calls have no prompt to encode
  let encoder: HuggingFaceTokenizer | undefined;

  const pieces = (tokens: readonly number[]): Piece[] => {
    const out: Piece[] = [];
    let bytes: number[] = [];
    let held: number[] = [];
    for (const [index, token] of tokens.entries()) {
      const piece = pieceOf[token];
      if (piece !== undefined) {
        for (const character of piece) bytes.push(byteOf.get(character)!);
        held.push(token);
      }
      if (held.length === 0 || (endsInsideCharacter(bytes) && index < tokens.length - 1)) continue;
      out.push({ text: utf8.decode(Uint8Array.from(bytes)), tokens: held });
      bytes = [];
      held = [];
    }
    return out;
  };

  return {
    encode(text) {
      encoder ??= new HuggingFaceTokenizer(json, {});
      return encoder.encode(text, { add_special_tokens: false }).ids.filter((id: number) => id < endOfText);
    },
    decode: (tokens) =>
      pieces(tokens)
        .map((piece) => piece.text)
        .join(''),
    pieces,
  };
}

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** Whether the last character of `bytes` needs more of them: a UTF-8 lead byte states its length. */
function endsInsideCharacter(bytes: readonly number[]): boolean {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back]!;
    if (byte >= 0xc0) return back < (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2);
    if (byte < 0x80) return false;
  }
  return false;
}

/** The vocabulary by token, special tokens left out. */
function pieceTable(vocab: Record<string, number>, endOfText: number): (string | undefined)[] {
  const table = new Array<string | undefined>(endOfText);
  for (const piece in vocab) {
    const token = vocab[piece]!;
    if (token < endOfText) table[token] = piece;
  }
  for (let token = 0; token < endOfText; token++) {
    const piece = table[token];
    if (piece === undefined) throw new Error(`token ${token} has no text`);
    for (const character of piece) {
      if (!byteOf.has(character)) throw new Error(`token ${token} "${piece}" is not byte-level`);
    }
  }
  return table;
}

/** GPT-2's alphabet: printable Latin-1 stands for itself, the other 68 bytes for U+0100 onwards (openai/gpt-2, encoder.py). */
function byteOfCharacter(): Map<string, number> {
  const printable = (byte: number) =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte !== 0xad && byte <= 0xff);
  const table = new Map<string, number>();
  let next = 0x100;
  for (let byte = 0; byte < 256; byte++)
    table.set(String.fromCharCode(printable(byte) ? byte : next++), byte);
  return table;
}

const byteOf = byteOfCharacter();
