import { planContext } from '@murmuration/whisper/context';
import fc from 'fast-check';
import { expect, it } from 'vitest';

const anyClip = fc.integer({ min: 1, max: 480_000 });

/** The silent positions that the graph takes, as models/GRAPH.md says. */
function tailPositions(kept: number, stride: number): number {
  let count = 0;
  for (let position = kept + stride / 2; position < 1500; position += stride) count++;
  return count;
}

it('keeps the whole window at full context', () => {
  fc.assert(
    fc.property(anyClip, (samples) => {
      expect(planContext(samples, 'full')).toEqual({
        kind: 'full',
        audioPositions: Math.ceil(samples / 320),
        keptPositions: 1500,
        silenceStride: 0,
        positions: 1500,
      });
    }),
  );
});

it('keeps all audio and has room for all silence at short context', () => {
  fc.assert(
    fc.property(anyClip, (samples) => {
      const plan = planContext(samples, 'short');
      expect(plan.audioPositions * 320).toBeGreaterThanOrEqual(samples);
      expect(plan.keptPositions).toBeGreaterThanOrEqual(plan.audioPositions);
      expect(plan.positions).toBeLessThanOrEqual(1500);
      if (plan.kind === 'full') return;
      expect(plan.keptPositions).toBe(plan.audioPositions + 50);
      const tail = tailPositions(plan.keptPositions, plan.silenceStride);
      expect(plan.positions).toBeGreaterThanOrEqual(plan.keptPositions + tail);
      expect(plan.positions).toBeLessThanOrEqual(plan.keptPositions + tail + 1);
    }),
  );
});

it('shortens an 11 s clip to 14.2 s, as it was measured', () => {
  expect(planContext(176_000, 'short')).toEqual({
    kind: 'short',
    audioPositions: 550,
    keptPositions: 600,
    silenceStride: 16,
    positions: 657,
  });
});

it('gives a clip that fills the window the full context', () => {
  expect(planContext(480_000, 'short')).toEqual(planContext(480_000, 'full'));
  expect(planContext(29 * 16_000, 'short').kind).toBe('full');
});

it('halves the window of a clip that fits, where silence cannot be merged', () => {
  const options = { mergesSilence: false };
  fc.assert(
    fc.property(anyClip, (samples) => {
      const plan = planContext(samples, 'short', options);
      const fits = samples <= 14 * 16_000;
      expect(plan).toEqual(
        fits
          ? { ...planContext(samples, 'full'), kind: 'short', keptPositions: 750, positions: 750 }
          : planContext(samples, 'full'),
      );
    }),
  );
});
