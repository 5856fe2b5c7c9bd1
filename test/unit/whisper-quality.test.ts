import { averageLogprob } from '@murmuration/whisper/average-logprob';
import { compressionRatio } from '@murmuration/whisper/compression-ratio';
import { timesSaid } from '@murmuration/whisper/times-said';
import { tokenLimit } from '@murmuration/whisper/token-limit';
import { describe, expect, it } from 'vitest';

it('measures the compression ratio as OpenAI does', () => {
  // python: len(text.encode()) / len(zlib.compress(text.encode()))
  expect(compressionRatio('')).toBe(0);
  expect(compressionRatio('hello')).toBeCloseTo(5 / 13, 10);
  expect(compressionRatio('thank you '.repeat(50))).toBeGreaterThan(2.4);
  expect(compressionRatio('日本語')).toBeLessThan(1);
});

it('averages log-probabilities over the tokens and the end', () => {
  expect(averageLogprob([-1, -2, -3], 2)).toBe(-2);
  expect(averageLogprob([-0.5], 0)).toBe(-0.5);
});

it('allows 8 English tokens a second, more in other languages, and never more than 224', () => {
  expect(tokenLimit(5, 'en')).toBe(56);
  expect(tokenLimit(5, 'hi')).toBe(136);
  expect(tokenLimit(5, 'auto')).toBe(136);
  expect(tokenLimit(30, 'en')).toBe(224);
});

describe('how often a phrase is said in a row', () => {
  const once = [
    '',
    'yes',
    'No, no, no.',
    'no no no no no no no no',
    'Ha ha ha, very very very funny.',
    'ask not what your country can do for you, ask what you can do for your country.',
    'Bye bye. Bye bye. Bye.',
    'I know, I know, I know.',
    'Row, row, row your boat, gently down the stream.',
    'そうですね、そうですね。',
    '1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12',
  ];
  it.each(once)('is once in "%s"', (text) => {
    expect(timesSaid(text)).toBe(1);
  });

  const more: [string, number][] = [
    ['We went to the park. We went to the park.', 2],
    ['we went to the park, We Went To The Park!', 2],
    ['Well, how are you doing today? How are you doing today? How are you doing today?', 3],
    ['It is. The cat sat on the mat. The dog ran off. The cat sat on the mat. The dog ran off.', 2],
    ['so '.repeat(40), 40],
    ['thank you '.repeat(12), 12],
    ['私は昨日東京に行きました。私は昨日東京に行きました。', 2],
  ];
  it.each(more)('in "%s" is %i times', (text, times) => {
    expect(timesSaid(text)).toBe(times);
  });

  it('stops counting at the limit', () => {
    expect(timesSaid('thank you '.repeat(100), 10)).toBe(10);
  });
});
