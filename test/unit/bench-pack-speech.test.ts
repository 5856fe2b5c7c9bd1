import type { VoiceDetector } from '@murmuration/media/voice/voice';
import { expect, it } from 'vitest';
import { packSpeech } from '../bench/pack-speech.ts';

const RATE = 16_000;
const WINDOW = 512;
const SPOKEN: readonly [from: number, to: number][] = [
  [2, 10],
  [30, 52],
  [70, 71],
];

/** Hears a voice in these seconds alone. */
const voice: VoiceDetector = {
  listen() {
    let [samples, told] = [0, 0];
    const tell = (windows: number) => {
      const heard = Array.from({ length: windows - told }, (_, index) => {
        const seconds = ((told + index + 0.5) * WINDOW) / RATE;
        return SPOKEN.some(([from, to]) => seconds >= from && seconds < to) ? 0.95 : 0.01;
      });
      told = windows;
      return Promise.resolve(heard);
    };
    return {
      push(block) {
        samples += block.length;
        return tell(Math.floor(samples / WINDOW / 64) * 64);
      },
      end: () => tell(Math.floor(samples / WINDOW) + 1),
    };
  },
  close: () => Promise.resolve(),
};

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
