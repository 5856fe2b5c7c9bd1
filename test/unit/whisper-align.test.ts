import { readFileSync } from 'node:fs';
import { align } from '@murmuration/whisper/align';
import { attentionDelaySeconds } from '@murmuration/whisper/attention-delay';
import { warp } from '@murmuration/whisper/dtw';
import { medianFilter } from '@murmuration/whisper/median-filter';
import { splitWords } from '@murmuration/whisper/split-words';
import { type TimedWord, tidyWords } from '@murmuration/whisper/tidy-words';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesOf, byteTokenizer } from './factories/whisper-model.ts';

const tokenizer = byteTokenizer();

/** Attention that looks at one position per step, and less and less at those around it. */
function lookingAt(places: readonly number[], positions: number) {
  const data = Float32Array.from({ length: places.length * positions }, (_, i) =>
    Math.exp(-Math.abs((i % positions) - places[Math.floor(i / positions)]!) / 8),
  );
  return { kind: 'weights', data, steps: places.length, heads: 1, positions } as const;
}

describe('aligning words', () => {
  it('finds each word where the decoder looked at it', () => {
    const tokens = bytesOf(' a b c');
    // two tokens a word, and the end token
    const attention = lookingAt([5, 10, 50, 55, 90, 95, 120], 150);
    const words = align(
      { tokens, logprobs: tokens.map(() => Math.log(0.5)), attention, language: 'en', durationSeconds: 3 },
      tokenizer,
    );
    expect(words.map((word) => word.text)).toEqual([' a', ' b', ' c']);
    expect(words.every((word) => Math.abs(word.probability - 0.5) < 1e-6)).toBe(true);
    const starts = words.map((word) => word.startSeconds);
    // half-way between the places of two words
    for (const [index, expected] of [0, 0.6, 1.45].entries()) {
      expect(Math.abs(starts[index]! - expected)).toBeLessThan(0.1);
    }
  });

  it('puts words earlier by what the decoder is late, and none before the start', () => {
    const tokens = bytesOf(' a b c');
    const attention = lookingAt([5, 10, 50, 55, 90, 95, 120], 150);
    const logprobs = tokens.map(() => 0);
    const [plain, early] = [0, 0.1].map((delaySeconds) =>
      align({ tokens, logprobs, attention, language: 'en', durationSeconds: 3, delaySeconds }, tokenizer),
    );
    expect(early!.map((word) => word.startSeconds)).toEqual(
      plain!.map(({ startSeconds }) => Math.max(0, Math.round(startSeconds * 100 - 10) / 100)),
    );
    expect(early!.at(-1)!.endSeconds).toBeCloseTo(plain!.at(-1)!.endSeconds - 0.1, 5);
  });

  it('ends the last word with the audio where decoding stopped before the end token', () => {
    const tokens = bytesOf(' a b');
    const words = align(
      {
        tokens,
        logprobs: [0, 0, 0, 0],
        attention: lookingAt([5, 10, 50, 55], 60),
        language: 'en',
        durationSeconds: 1.2,
      },
      tokenizer,
    );
    expect(words.at(-1)).toMatchObject({ text: ' b', endSeconds: 1.2 });
  });

  it('gives ordered times within the segment for any attention', () => {
    const sizes = fc.record({
      text: fc.stringMatching(/^( [a-z]{1,3}[,.!?"]?){1,6}$/),
      heads: fc.integer({ min: 1, max: 3 }),
      positions: fc.integer({ min: 5, max: 40 }),
      seed: fc.integer(),
    });
    fc.assert(
      fc.property(sizes, ({ text, heads, positions, seed }) => {
        const tokens = bytesOf(text);
        const steps = tokens.length + 1;
        const data = Float32Array.from({ length: steps * heads * positions }, (_, i) =>
          Math.abs(Math.sin(seed + i * i)),
        );
        const durationSeconds = positions * 0.02 - 0.011;
        const words = align(
          {
            tokens,
            logprobs: tokens.map(() => -1),
            attention: { kind: 'weights', data, steps, heads, positions },
            language: 'en',
            durationSeconds,
          },
          tokenizer,
        );
        expect(words.map((word) => word.text).join('')).toBe(text);
        const times = words.flatMap((word) => [word.startSeconds, word.endSeconds]);
        expect(times).toEqual(times.toSorted((a, b) => a - b));
        expect(times[0]).toBeGreaterThanOrEqual(0);
        expect(times.at(-1)).toBeLessThanOrEqual(durationSeconds);
      }),
    );
  });

  it('survives attention that is flat, as of a decoder that never looked', () => {
    const attention = lookingAt([0, 0, 0, 0, 0], 20);
    attention.data.fill(0.05);
    const words = align(
      { tokens: bytesOf(' a b'), logprobs: [0, 0, 0, 0], attention, language: 'en', durationSeconds: 0.4 },
      tokenizer,
    );
    expect(words).toHaveLength(2);
    expect(words.every((word) => Number.isFinite(word.startSeconds + word.endSeconds))).toBe(true);
  });

  it('has no words for no tokens', () => {
    const attention = lookingAt([0], 20);
    expect(
      align({ tokens: [], logprobs: [], attention, language: 'en', durationSeconds: 1 }, tokenizer),
    ).toEqual([]);
  });
});

describe('dynamic time warping', () => {
  it('finds the cheapest path there is', () => {
    const cheapest = (cost: number[][], row: number, column: number): number => {
      if (row === 0 && column === 0) return cost[0]![0]!;
      const ways = [
        row > 0 && column > 0 ? cheapest(cost, row - 1, column - 1) : Infinity,
        row > 0 ? cheapest(cost, row - 1, column) : Infinity,
        column > 0 ? cheapest(cost, row, column - 1) : Infinity,
      ];
      return cost[row]![column]! + Math.min(...ways);
    };
    const matrix = fc
      .tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 5 }))
      .chain(([rows, columns]) =>
        fc.array(fc.array(fc.integer({ min: -9, max: 9 }), { minLength: columns, maxLength: columns }), {
          minLength: rows,
          maxLength: rows,
        }),
      );
    fc.assert(
      fc.property(matrix, (cost) => {
        const [rows, columns] = [cost.length, cost[0]!.length];
        const path = warp(Float32Array.from(cost.flat()), rows, columns);
        const steps = [...path.rows].map((row, index) => [row, path.columns[index]!] as const);
        expect(steps[0]).toEqual([0, 0]);
        expect(steps.at(-1)).toEqual([rows - 1, columns - 1]);
        for (const [index, [row, column]] of steps.slice(1).entries()) {
          const [before, left] = steps[index]!;
          expect([row - before, column - left].every((move) => move === 0 || move === 1)).toBe(true);
        }
        const total = steps.reduce((sum, [row, column]) => sum + cost[row]![column]!, 0);
        expect(total).toBe(cheapest(cost, rows - 1, columns - 1));
      }),
    );
  });
});

describe('the median filter', () => {
  it('equals sorting each window, mirrored at the ends', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -5, max: 5 }), { minLength: 4, maxLength: 30 }), (values) => {
        const at = (i: number) => values[i < 0 ? -i : i >= values.length ? 2 * (values.length - 1) - i : i]!;
        const expected = values.map(
          (_, i) => [-3, -2, -1, 0, 1, 2, 3].map((j) => at(i + j)).sort((a, b) => a - b)[3]!,
        );
        const out = new Int32Array(values.length);
        medianFilter(Int32Array.from(values), out);
        expect([...out]).toEqual(expected);
      }),
    );
  });

  it('leaves what is shorter than half a window', () => {
    const out = new Int32Array(3);
    medianFilter(Int32Array.of(3, 1, 2), out);
    expect([...out]).toEqual([3, 1, 2]);
  });
});

describe('splitting words', () => {
  const split = (text: string, language: string) =>
    splitWords(bytesOf(text), language, tokenizer).map((word) => word.text);

  it('goes by spaces, and lets punctuation stand alone', () => {
    expect(split(' Please stop, now.', 'en')).toEqual([' Please', ' stop', ',', ' now', '.']);
  });

  it('goes by character where none are written', () => {
    expect(split('東京です', 'ja')).toEqual(['東', '京', 'で', 'す']);
    expect(split(' Straße', 'de')).toEqual([' Straße']);
  });
});

describe('tidying words', () => {
  const word = (text: string, startSeconds: number, endSeconds: number): TimedWord => ({
    text,
    startSeconds,
    endSeconds,
    probability: 1,
  });
  const shape = (words: readonly TimedWord[]) => words.map((w) => [w.text, w.startSeconds, w.endSeconds]);

  it('joins punctuation to its word and keeps the time of the word', () => {
    const words = [
      word(' "', 0, 0.2),
      word('Hello', 0.2, 0.5),
      word(',', 0.5, 0.9),
      word(' you', 0.9, 1.1),
      word('.', 1.1, 1.4),
      word('"', 1.4, 1.5),
    ];
    expect(shape(tidyWords(words, 2))).toEqual([
      [' "Hello,', 0.2, 0.5],
      [' you."', 0.9, 1.1],
    ]);
  });

  it('takes the pause out of the first word after a sentence', () => {
    const words = [word(' One', 0, 0.3), word('.', 0.3, 0.5), word(' Two', 0.5, 4), word(' three', 4, 4.3)];
    // median 0.3, so at most 0.6
    expect(shape(tidyWords(words, 5))[1]).toEqual([' Two', 3.4, 4]);
  });

  it('takes the silence before the first word out of it', () => {
    const words = [word(' One', 0, 3), word(' two', 3, 3.3), word(' three', 3.3, 3.6)];
    expect(shape(tidyWords(words, 5))[0]).toEqual([' One', 2.4, 3]);
  });

  it('leaves no time outside the segment', () => {
    expect(shape(tidyWords([word(' One', 0.4, 1.5), word(' two', 1.5, 1.6)], 1))).toEqual([
      [' One', 0.4, 1],
      [' two', 1, 1],
    ]);
  });
});

describe('how late the alignment heads are', () => {
  it('is known of the embedded model, and taken for nothing where it was not measured', () => {
    const path = '../../models/artifacts/whisper-tiny.en-int8/manifest.json';
    const manifest = JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'));
    expect(attentionDelaySeconds(manifest)).toBe(0.1);
    expect(attentionDelaySeconds({ alignmentHeads: [[3, 1]] })).toBe(0);
    expect(attentionDelaySeconds({ alignmentHeads: [] })).toBe(0);
  });
});
