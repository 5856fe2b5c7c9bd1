import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { countErrors } from '@murmuration/pipeline/evaluation/count-errors';
import { evaluateSegments } from '@murmuration/pipeline/evaluation/evaluate-segments';
import { locateErrors } from '@murmuration/pipeline/evaluation/locate-errors';
import { normalizeText } from '@murmuration/pipeline/evaluation/normalize-text';
import { percentOf, scoreTranscript, sumScores } from '@murmuration/pipeline/evaluation/score-transcript';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { segmentOf } from './factories/transcript.ts';

/** Written by the whisper-normalizer of models/pyproject.toml. */
const normalized = JSON.parse(
  readFileSync(fileURLToPath(new URL('../fixtures/normalized-text.json', import.meta.url)), 'utf8'),
) as { text: string; english: string; basic: string }[];

describe('the normaliser says what Whisper’s own in Python says of', () => {
  it.each(normalized)('$text', ({ text, english, basic }) => {
    expect(normalizeText(text, 'en')).toBe(english);
    expect(normalizeText(text, 'de')).toBe(basic);
  });
});

describe('errors', () => {
  it.each([
    ['', '', 0, 0, 0],
    ['a b c', 'a b c', 0, 0, 0],
    ['a b c', '', 0, 3, 0],
    ['', 'a b', 0, 0, 2],
    ['a b c', 'a x c', 1, 0, 0],
    ['a b c', 'a c', 0, 1, 0],
    ['a c', 'a b c', 0, 0, 1],
    ['a b c d', 'b c d e', 0, 1, 1],
    ['constructor __proto__', '__proto__ constructor', 0, 1, 1],
  ])('of %j heard as %j are %d, %d, %d', (said, heard, substitutions, deletions, insertions) => {
    const words = (text: string) => text.split(' ').filter(Boolean);
    const found = countErrors(words(said), words(heard));
    expect(found.substitutions + found.deletions + found.insertions).toBe(
      substitutions + deletions + insertions,
    );
    if (substitutions + insertions === 0 || substitutions + deletions === 0 || deletions + insertions === 0) {
      expect(found).toEqual({ substitutions, deletions, insertions });
    }
  });

  it('are as few as can be, and account for the lengths', () => {
    const text = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 12 });
    fc.assert(
      fc.property(text, text, (said, heard) => {
        const { substitutions, deletions, insertions } = countErrors(said, heard);
        expect(substitutions + deletions + insertions).toBe(byTheBook(said, heard));
        expect(insertions - deletions).toBe(heard.length - said.length);
        expect(Math.min(substitutions, deletions, insertions)).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 500 },
    );
  });

  it('of hours of speech are counted', () => {
    const said = Array.from({ length: 100_000 }, (_, index) => String((index * index) % 9973));
    const heard = said.filter((_, index) => index % 50 !== 7);
    expect(countErrors(said, heard)).toEqual({ substitutions: 0, deletions: 2000, insertions: 0 });
  });
});

/** The textbook's table. */
function byTheBook(said: readonly string[], heard: readonly string[]): number {
  let row = heard.map((_, index) => index + 1);
  row.unshift(0);
  for (const [index, item] of said.entries()) {
    const next = [index + 1];
    for (const [column, other] of heard.entries()) {
      next.push(Math.min(row[column + 1]! + 1, next[column]! + 1, row[column]! + (item === other ? 0 : 1)));
    }
    row = next;
  }
  return row.at(-1)!;
}

describe('a score', () => {
  it('counts words and characters of what is said alike', () => {
    expect(
      scoreTranscript('It is 25 dollars, Mr. Smith!', "it's twenty-five dollars mister smyth", 'en'),
    ).toEqual({
      words: 5,
      substitutions: 1,
      deletions: 0,
      insertions: 0,
      characters: 22,
      characterErrors: 1,
    });
  });

  it('of noise is what was invented', () => {
    expect(scoreTranscript('', 'Thank you.', 'en')).toEqual({
      words: 0,
      substitutions: 0,
      deletions: 0,
      insertions: 2,
      characters: 0,
      characterErrors: 0,
    });
  });

  it('is summed, and given in hundredths of a percent', () => {
    const one = scoreTranscript('a b c', 'a b', 'de');
    expect(sumScores([one, one])).toMatchObject({ words: 6, deletions: 2, characterErrors: 4 });
    expect([percentOf(1, 3), percentOf(0, 3), percentOf(1, 0)]).toEqual([33.33, 0, null]);
  });
});

describe('errors in their place', () => {
  it('come to as many as there are, and all that was said has a place', () => {
    const text = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 12 });
    const sum = (counts: Int32Array) => counts.reduce((total, count) => total + count, 0);
    fc.assert(
      fc.property(text, text, (said, heard) => {
        const located = locateErrors(said, heard)!;
        expect(sum(located.errors)).toBe(byTheBook(said, heard));
        expect(sum(located.said)).toBe(said.length);
        expect(Math.min(0, ...located.errors, ...located.said)).toBe(0);
      }),
      { numRuns: 500 },
    );
  });

  it('are not looked for where nearly all is wrong', () => {
    const said = Array.from({ length: 4100 }, () => 'a');
    expect(
      locateErrors(
        said,
        said.map(() => 'b'),
      ),
    ).toBeUndefined();
  });

  it('are those of the segments, with the speed of their batch', () => {
    const segments = [
      segmentOf({ text: 'North, east.', startSeconds: 0, endSeconds: 4 }),
      segmentOf({ text: '', startSeconds: 4, endSeconds: 6 }),
      segmentOf({ text: 'Zouth, and west', startSeconds: 6, endSeconds: 10 }),
    ];
    const batches = [
      { startSeconds: 0, endSeconds: 6, seconds: 2 },
      { startSeconds: 6, endSeconds: 10, seconds: 0 },
    ];
    expect(evaluateSegments('north east south west again', segments, 'en', batches)).toEqual([
      { startSeconds: 0, endSeconds: 4, words: 2, errors: 0, realTimeFactor: 3 },
      { startSeconds: 4, endSeconds: 6, words: 0, errors: 0, realTimeFactor: 3 },
      { startSeconds: 6, endSeconds: 10, words: 3, errors: 3, realTimeFactor: null },
    ]);
    expect(evaluateSegments('north', [], 'en', [])).toEqual([]);
  });
});
