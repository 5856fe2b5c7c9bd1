import { readListenRequest } from '@murmuration/api/listen-request';
import { describe, expect, it } from 'vitest';

describe("Deepgram's query", () => {
  it('replaces terms, and leaves out those that nothing follows', () => {
    const { edits } = readListenRequest({ replace: ['monika jon:Monica: J.', 'uh:'] });
    expect(edits?.replace).toMatchObject([
      { find: 'monika jon', with: 'Monica: J.', wholeWords: true, ignoreCase: true },
      { find: 'uh', with: '' },
    ]);
    expect(readListenRequest({}).edits).toBeUndefined();
  });

  it('expects terms and keywords, without their weights', () => {
    const { decoding, warnings } = readListenRequest({
      keyterm: ['Jane Doe', 'Nova'],
      keywords: ['snuffleupagus:5', 'plain', 'gone:-10'],
    });
    expect(decoding.hotwords).toEqual(['Jane Doe', 'Nova', 'snuffleupagus', 'plain', 'gone']);
    expect(warnings).toEqual([]);
  });

  it.each([
    [{}, 'auto'],
    [{ language: ['de'] }, 'de'],
    [{ language: ['en-US'] }, 'en'],
    [{ language: ['zh-Hant-TW'] }, 'zh'],
    [{ language: ['multi'] }, 'auto'],
    [{ language: ['de'], detect_language: ['true'] }, 'auto'],
    [{ language: ['German'] }, 'German'],
  ] as const)('reads %j as language %s', (queries, language) => {
    expect(readListenRequest(queries).decoding.language).toBe(language);
  });

  it('warns of what is not done, and of nothing else', () => {
    const done = ['smart_format', 'punctuate', 'mip_opt_out', 'utterances'].map((name) => [name, ['true']]);
    const off = ['paragraphs', 'summarize', 'diarize'].map((name) => [name, ['false']]);
    expect(readListenRequest(Object.fromEntries([...done, ...off])).warnings).toEqual([]);
    const { warnings } = readListenRequest({ search: ['a', 'b'], summarize: ['v2'], toString: ['1'] });
    expect(warnings.map(({ parameter }) => parameter)).toEqual(['search', 'summarize', 'toString']);
  });

  it.each([
    [{ replace: ['monika'] }, /^replace\[0\] cannot be used: write it as find:replacement/],
    [{ replace: [' :x'] }, /^replace\[0\]/],
    [{ extra: ['a'] }, /^extra\[0\] cannot be used: write it as key:value/],
    [{ keyterm: [''] }, /^keyterm\[0\] cannot be used: give a term/],
    [{ diarize: ['true'] }, /^diarize cannot be used: speakers/],
    [{ diarize_model: ['latest'] }, /^diarize_model cannot be used: speakers/],
  ])('refuses %j', (queries, message) => {
    expect(() => readListenRequest(queries)).toThrow(message);
  });
});
