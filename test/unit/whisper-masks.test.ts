import { createMasks } from '@murmuration/whisper/masks';
import { expect, it } from 'vitest';
import { manifestOf } from './factories/whisper-model.ts';

const manifest = manifestOf();
const masks = createMasks(manifest);

/** Tokens that may be chosen at a step. */
function allowed(mode: Parameters<typeof masks>[0], step: number): Set<number> {
  const { data } = masks(mode);
  const row = data.subarray(
    step * manifest.dimensions.vocabulary,
    (step + 1) * manifest.dimensions.vocabulary,
  );
  return new Set([...row.keys()].filter((token) => row[token] === 0));
}

const text = (...without: number[]) =>
  new Set([...Array(259).keys()].filter((token) => ![1, 2, ...without].includes(token)));

it('allows text from the first step on, and no end before it', () => {
  const mode = { detectLanguage: false, timestamps: false };
  expect(masks(mode).steps).toBe(2);
  expect(allowed(mode, 0)).toEqual(text(32, 258));
  expect(allowed(mode, 1)).toEqual(text());
});

it('allows nothing but languages where one is to be detected, and text after the forced steps', () => {
  const mode = { detectLanguage: true, timestamps: false };
  expect(masks(mode).steps).toBe(5);
  expect(allowed(mode, 0)).toEqual(new Set([260, 261, 262]));
  expect(allowed(mode, 3)).toEqual(text(32, 258));
  expect(allowed(mode, 4)).toEqual(text());
});

it('allows timestamps only when they are on', () => {
  const timestamps = [...Array(1501).keys()].map((index) => 268 + index);
  expect(allowed({ detectLanguage: false, timestamps: true }, 1)).toEqual(
    new Set([...text(), ...timestamps]),
  );
});

it('stays finite, so that a row of logits never turns into NaN', () => {
  expect(masks({ detectLanguage: true, timestamps: false }).data.every(Number.isFinite)).toBe(true);
});

it('builds each mode once', () => {
  const mode = { detectLanguage: false, timestamps: false };
  expect(masks({ ...mode })).toBe(masks({ ...mode }));
});
