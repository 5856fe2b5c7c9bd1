import { createPlaces } from '@murmuration/api/places';
import { beforeEach, describe, expect, it } from 'vitest';

const SECOND = 1000;
const KIB = 1024;
let now: number;
beforeEach(() => {
  now = 0;
});
const full = { code: 'rate-limited', details: { retryAfterSeconds: 1 } };

/** All four places, by whom they were taken. */
function taken(...owners: string[]) {
  const places = createPlaces(4, () => now);
  return { places, held: owners.map((owner) => places.take(owner)) };
}

describe('a place', () => {
  it('is nobody else’s while its body comes fast enough, or is here, and free once it is given back', () => {
    const { places, held } = taken('ann', 'ann', 'ann', 'ann');
    for (const place of held.slice(0, 2)) place.arrived();
    for (let seconds = 0; seconds < 60; seconds += 5) {
      now += 5 * SECOND;
      for (const place of held.slice(2)) place.received(40 * KIB);
      expect(() => places.take('ann')).toThrowError(expect.objectContaining(full));
    }
    held[0]!.release();
    held[0]!.release();
    places.take('ann');
    expect(() => places.take('ann')).toThrowError(expect.objectContaining(full));
    expect(held.map(({ signal }) => signal.aborted)).toEqual([false, false, false, false]);
  });

  it('goes to another where its body fell behind, the slowest first, and only where all are taken', () => {
    const { places, held } = taken('ann', 'ann', 'ann');
    now += 60 * SECOND;
    places.take('ann');
    held[0]!.received(20 * KIB);
    expect(held.map(({ signal }) => signal.aborted)).toEqual([false, false, false]);

    places.take('ann').arrived();
    places.take('ann').arrived();
    expect(held.map(({ signal }) => signal.aborted)).toEqual([false, true, true]);
    expect(held[1]!.signal.reason).toMatchObject(full);
    expect(() => held[1]!.arrived()).toThrowError(expect.objectContaining(full));
    // Who lost it has nothing to give back
    held[1]!.release();
    places.take('ann').arrived();
    expect(held[0]!.signal.aborted).toBe(true);
    expect(() => places.take('ann').arrived()).toThrowError(expect.objectContaining(full));
  });

  it('is not kept by much that came at first: who sent a lot may pause as long as who sent little', () => {
    const { places, held } = taken('ann', 'ann', 'ann', 'ann');
    held[0]!.received(1 << 30);
    for (const place of held.slice(1)) place.arrived();
    now += 11 * SECOND;
    places.take('ann');
    expect(held[0]!.signal.aborted).toBe(true);
  });

  it('goes to who has less than a quarter of them, from who has more', () => {
    const { places, held } = taken('ann', 'ann', 'ann', 'cid');
    held[0]!.arrived();
    now += SECOND;
    held[1]!.received(10 * KIB);
    places.take('bob');
    expect(held.map(({ signal }) => signal.aborted)).toEqual([false, false, true, false]);
    // He has his share now
    expect(() => places.take('bob')).toThrowError(expect.objectContaining(full));
    places.take('dan');
    expect(held.map(({ signal }) => signal.aborted)).toEqual([false, true, true, false]);
    // Nobody has more than a share that is still arriving
    expect(() => places.take('eve')).toThrowError(expect.objectContaining(full));
  });
});
