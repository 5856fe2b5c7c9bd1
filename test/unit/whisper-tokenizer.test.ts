import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTokenizer, loadTokenizer } from '@murmuration/whisper/tokenizer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesOf, byteTokenizer, modelFolderOf, tokenizerJson } from './factories/whisper-model.ts';

describe('the tokenizer', () => {
  const tokenizer = byteTokenizer();

  it('decodes what it encodes, whatever the script', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        // "<|endoftext|>" cannot come from these, but a text of it is another test
        expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
      }),
    );
  });

  it('merges as the vocabulary says', () => {
    expect(tokenizer.encode(' hel')).toEqual([256, 257]);
  });

  it('cuts pieces only where characters are complete', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const pieces = tokenizer.pieces(bytesOf(text));
        expect(pieces.map((piece) => piece.text)).toEqual([...text]);
        expect(pieces.flatMap((piece) => piece.tokens)).toEqual(bytesOf(text));
      }),
    );
  });

  it('keeps a piece whole when a character begins in the middle of a token', () => {
    const json = tokenizerJson();
    // "a" and the first byte of "é" in one token
    const vocabulary = { ...json.model.vocab, aÃ: 258 };
    const withJoint = createTokenizer({ ...json, model: { ...json.model, vocab: vocabulary } }, 259);
    expect(withJoint.pieces([258, 0xa9, 0x62])).toEqual([
      { text: 'aé', tokens: [258, 0xa9] },
      { text: 'b', tokens: [0x62] },
    ]);
  });

  it('never loses a token of any bytes, and marks those that are no UTF-8', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 255 })), (bytes) => {
        const pieces = tokenizer.pieces(bytes);
        expect(pieces.flatMap((piece) => piece.tokens)).toEqual(bytes);
        expect(pieces.map((piece) => piece.text).join('')).toBe(tokenizer.decode(bytes));
      }),
    );
    expect(tokenizer.decode([0x61, 0xe3, 0x81])).toBe('a\ufffd');
  });

  it('skips special tokens on the way back', () => {
    expect(tokenizer.decode([259, 260, ...bytesOf('hi'), 258, 400])).toBe('hi');
  });

  it('does not let a prompt smuggle special tokens in', () => {
    const tokens = tokenizer.encode('a<|endoftext|>b');
    expect(tokens).toEqual(bytesOf('ab'));
  });

  it('says which file is no tokenizer', async () => {
    const path = join(await modelFolderOf(), 'tokenizer.json');
    await writeFile(path, '{"model": {"vocab": {"a": 0, "☃": 1}}}');
    await expect(loadTokenizer(path, 2)).rejects.toMatchObject({
      code: 'model-corrupt',
      message: expect.stringContaining(path),
    });
    await writeFile(path, '{"model": ');
    await expect(loadTokenizer(path, 2)).rejects.toMatchObject({ code: 'model-corrupt' });
  });
});
