import { timeBatches } from '@murmuration/pipeline/evaluation/time-batches';
import { describe, expect, it } from 'vitest';
import { logScale, percentScale } from '../../functions/cli/eval/plot-scale.ts';

describe('the axis of errors', () => {
  it.each([
    [[], [0, 2, 4, 6, 8, 10]],
    [[3], [0, 2, 4, 6, 8, 10]],
    [
      [17, 24],
      [0, 5, 10, 15, 20, 25],
    ],
    [[37.5], [0, 10, 20, 30, 40]],
    [
      [300, 20],
      [0, 20, 40, 60, 80, 100],
    ],
  ])('of %j has the ticks %j', (values, ticks) => {
    expect(percentScale(values).ticks).toEqual(ticks);
  });

  it('puts what lies beyond on its edge', () => {
    const { place } = percentScale([300]);
    expect([0, 50, 100, 300].map(place)).toEqual([0, 0.5, 1, 1]);
  });
});

describe('the axis of speeds', () => {
  it.each([
    [[], [1, 2, 5, 10, 20, 50, 100]],
    [
      [7, 65],
      [5, 10, 20, 50, 100],
    ],
    [
      [30, 46],
      [10, 20, 50, 100],
    ],
    [[10], [5, 10, 20]],
    [
      [0, 0],
      [0.001, 0.002],
    ],
    [
      [0.3, 90_000],
      [0.1, 1, 10, 100, 1_000, 10_000, 100_000],
    ],
  ])('of %j has the ticks %j', (values, ticks) => {
    expect(logScale(values).ticks.map((tick) => Number(tick.toPrecision(6)))).toEqual(ticks);
  });

  it('has room for every value', () => {
    const { place } = logScale([5, 50]);
    expect([5, 50, 500, 0].map(place)).toEqual([0, 1, 1, 0]);
  });
});

describe('batches that are worked on side by side', () => {
  const arrive = (times: number[]) => times.map((atSeconds, i) => ({ endSeconds: 10 * (i + 1), atSeconds }));

  it('one at a time have their own time', () => {
    expect(timeBatches(arrive([1, 3]), 1)).toEqual([
      { startSeconds: 0, endSeconds: 10, seconds: 1 },
      { startSeconds: 10, endSeconds: 20, seconds: 2 },
    ]);
  });

  it('three at a time share theirs: none took no time', () => {
    const seconds = timeBatches(arrive([3, 3, 3, 6, 6, 6]), 3).map((batch) => batch.seconds);
    for (const time of seconds) {
      expect(time).toBeGreaterThan(0.5);
      expect(time).toBeLessThan(2);
    }
  });
});
