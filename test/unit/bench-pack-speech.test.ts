import { expect, it } from 'vitest';
import { packSpeech } from '../bench/pack-speech.ts';
import { fakeVoice } from '../fake-voice.ts';

const RATE = 16_000;
const WINDOW = 512;
const SPOKEN: readonly [from: number, to: number][] = [
  [2, 10],
  [30, 52],
  [70, 71],
];

/** Hears a voice in these seconds alone. */
const voice = fakeVoice((window) => {
  const seconds = ((window + 0.5) * WINDOW) / RATE;
  return SPOKEN.some(([from, to]) => seconds >= from && seconds < to) ? 0.95 : 0.01;
});

it('keeps what is spoken, once and in order, and little else', async () => {
  const pcm = Float32Array.from({ length: 80 * RATE }, (_, index) => (index + 1) / (80 * RATE));
  const segments = await packSpeech(pcm, voice);
  expect(segments.every((segment) => segment.pcm.length <= 28 * RATE)).toBe(true);
  // The cut without a detector may have two segments hear the same second: in the packed audio each sample names its place
  const kept = [...new Set(segments.flatMap((segment) => [...segment.pcm]))];
  expect(kept).toEqual(kept.toSorted((one, other) => one - other));
  const seconds = kept.map((value) => value * 80);
  for (const [from, to] of SPOKEN) {
    const within = seconds.filter((second) => second >= from && second < to).length / RATE;
    expect(within, `${from} to ${to} s`).toBeGreaterThan(to - from - 0.05);
  }
  expect(kept.length / RATE).toBeLessThan(31 + 5);
});
