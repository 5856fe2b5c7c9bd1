import { languageNames } from '@murmuration/pipeline/contract/language-names';
import { resolveLanguage } from '@murmuration/whisper/languages';
import { expect, it } from 'vitest';
import { englishOnly } from './factories/whisper-model.ts';

const multilingual = {
  id: 'whisper-large-v3',
  languages: Object.fromEntries([...languageNames.keys()].map((code, index) => [code, 50_259 + index])),
};

it.each([
  ['auto', 'auto'],
  ['de', 'de'],
  ['German', 'de'],
  [' DE ', 'de'],
  ['haitian creole', 'ht'],
  ['Mandarin', 'zh'],
  ['Cantonese', 'yue'],
  ['jv', 'jw'],
])('reads "%s" as %s', (written, code) => {
  expect(resolveLanguage(written, multilingual)).toBe(code);
});

it.each([
  ['germen', /did you mean de \(german\)\?/],
  ['en-US', /did you mean en \(english\)\?/],
  ['klingon', /use auto or one of en \(english\), zh \(chinese\), .*yue \(cantonese\)/],
  ['', /use auto or one of/],
])('answers "%s" with what there is', (written, message) => {
  expect(() => resolveLanguage(written, multilingual)).toThrowError(
    expect.objectContaining({ code: 'language-unknown', message: expect.stringMatching(message) }),
  );
});

it('refuses a language that this model was not trained on', () => {
  const { yue: _, ...older } = multilingual.languages;
  expect(() => resolveLanguage('yue', { id: 'whisper-large-v2', languages: older })).toThrowError(
    expect.objectContaining({ code: 'language-unknown' }),
  );
});

it('knows English alone in an English-only model', () => {
  expect(['auto', 'en', 'English'].map((written) => resolveLanguage(written, englishOnly()))).toEqual([
    'en',
    'en',
    'en',
  ]);
  expect(() => resolveLanguage('de', englishOnly())).toThrowError(
    expect.objectContaining({
      code: 'language-unknown',
      message:
        'model whisper-toy.en is English-only and cannot read "de": use en or auto, or a multilingual model',
      details: { language: 'de', languages: ['en', 'auto'] },
    }),
  );
});
