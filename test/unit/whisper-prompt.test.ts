import { DecodingOptions } from '@murmuration/pipeline/contract/decoding';
import { buildPrompt, detectsLanguage } from '@murmuration/whisper/prompt';
import { describe, expect, it } from 'vitest';
import { bytesOf, byteTokenizer, englishOnly, manifestOf } from './factories/whisper-model.ts';

const tokenizer = byteTokenizer();
const build = (input: object, language = 'de', manifest = manifestOf()) =>
  buildPrompt(DecodingOptions.parse(input), language, manifest, tokenizer);

describe('the prompt', () => {
  it('states language and task where they are known', () => {
    expect(build({})).toEqual({ tokens: [259, 261, 264, 267], startOfTranscriptIndex: 0, forced: [] });
    expect(build({ task: 'translate' }).tokens).toEqual([259, 261, 263, 267]);
  });

  it('leaves the language to the first step, then forces the task', () => {
    const prompt = build({ task: 'translate' }, 'auto');
    expect(prompt).toEqual({ tokens: [259], startOfTranscriptIndex: 0, forced: [-1, 263, 267] });
    expect(detectsLanguage(prompt)).toBe(true);
  });

  it('is short for an English-only model', () => {
    expect(build({}, 'en', englishOnly())).toEqual({
      tokens: [259, 267],
      startOfTranscriptIndex: 0,
      forced: [],
    });
  });

  it('puts hotwords and earlier text before the transcript', () => {
    const prompt = build({ hotwords: [' Zed ', '', 'Vim'], prompt: ' By Zed.\n' });
    expect(prompt.tokens).toEqual([265, ...bytesOf(' Zed, Vim'), ...bytesOf(' By Zed.'), 259, 261, 264, 267]);
    expect(prompt.startOfTranscriptIndex).toBe(18);
  });

  it('keeps hotwords whole and the end of a long prompt, 223 tokens in all', () => {
    const { tokens, startOfTranscriptIndex } = build({ hotwords: ['Zed'], prompt: `${'x'.repeat(300)}END` });
    expect(startOfTranscriptIndex).toBe(224);
    expect(tokenizer.decode(tokens)).toBe(` Zed${'x'.repeat(216)}END`);
  });

  it('gives half the room to hotwords, more where a short prompt leaves it, and never a part of one', () => {
    const hotwords = Array.from({ length: 100 }, (_, index) => `Zed${index}`);
    const crowded = build({ hotwords, prompt: `${'x'.repeat(300)}END` });
    const { named, rest } = /^(?<named>.*?)(?<rest>x+END)$/.exec(tokenizer.decode(crowded.tokens))!.groups!;
    expect(named).toMatch(/^( Zed\d+,)* Zed\d+$/);
    expect(named!.length).toBeGreaterThan(100);
    expect(named!.length).toBeLessThanOrEqual(111);
    expect(rest!.length).toBe(223 - named!.length);
    const roomy = tokenizer.decode(build({ hotwords, prompt: 'kept' }).tokens);
    expect(roomy).toMatch(/ kept$/);
    expect(roomy.length).toBeGreaterThan(210);
    expect(build({ hotwords: ['y'.repeat(300)] }).startOfTranscriptIndex).toBe(0);
  });

  it('cannot translate with an English-only model', () => {
    expect(() => build({ task: 'translate' }, 'en', englishOnly())).toThrowError(
      expect.objectContaining({ code: 'invalid-argument', message: expect.stringContaining('English-only') }),
    );
  });
});
