import type { Engine } from '@murmuration/pipeline/ports';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BatchCost, createBatchLimit } from '../../../functions/transcribe-gpu/batching/batch-limit.ts';
import { calibrate } from '../../../functions/transcribe-gpu/batching/calibrate.ts';
import { fakeEngine } from './fake-engine.ts';

const GIBIBYTE = 1024 ** 3;
const cost: BatchCost = {
  bytesPerSegment: GIBIBYTE / 10,
  fixedMilliseconds: 50,
  millisecondsPerSegment: 10,
};

interface Changed {
  readonly cost?: BatchCost | undefined;
  readonly target?: number;
  readonly sharedBy?: number;
  readonly now?: () => number;
}

function limitOf(changed: Changed = {}) {
  const options = {
    mostSegments: 64,
    cost: 'cost' in changed ? changed.cost : cost,
    latencyTargetMilliseconds: changed.target ?? 10_000,
    recoverMilliseconds: 1000,
    sharedBy: changed.sharedBy ?? 1,
  };
  return createBatchLimit(options, changed.now ?? (() => 0));
}

describe('the limit of a batch', () => {
  it('is the most that a device takes, as long as nothing else is known', () => {
    expect(limitOf({ cost: undefined }).current()).toBe(64);
    expect(limitOf().current()).toBe(64);
  });

  it('keeps to the time that a batch may take', () => {
    expect(limitOf({ target: 250 }).current()).toBe(20);
    expect(limitOf({ target: 1 }).current()).toBe(1);
  });

  it('keeps to the memory that is free, beside what is held already', () => {
    const limit = limitOf();
    limit.freeBytes(GIBIBYTE);
    expect(limit.current()).toBe(8);
    limit.fitted(8);
    limit.freeBytes(0.2 * GIBIBYTE);
    expect(limit.current()).toBe(9);
    limit.freeBytes(0);
    expect(limit.current()).toBe(8);
  });

  it('does not count the same memory twice when a batch has grown since the probe looked', () => {
    const limit = limitOf();
    limit.freeBytes(4 * GIBIBYTE);
    expect(limit.current()).toBe(32);
    limit.fitted(32);
    // 80 % of the 0.8 GiB that are left
    expect(limit.current()).toBe(38);
    limit.fitted(38);
    limit.fitted(39);
    limit.fitted(39);
    expect(limit.current()).toBeLessThanOrEqual(40);
    const shared = limitOf({ sharedBy: 2 });
    shared.freeBytes(4 * GIBIBYTE);
    expect(shared.current()).toBe(16);
    shared.fitted(16);
    expect(shared.current()).toBe(19);
  });

  it('never counts on more than there was, however it grows between two looks', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 64 }), { maxLength: 20 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 60 }), sizes, (tenths, sizes) => {
        const limit = limitOf();
        limit.freeBytes((tenths * GIBIBYTE) / 10);
        for (const size of sizes) {
          limit.fitted(Math.min(size, limit.current()));
          expect(limit.current()).toBeLessThanOrEqual(Math.max(1, tenths));
        }
      }),
    );
  });

  it('leaves their share of time and memory to the other sessions of a GPU', () => {
    expect(limitOf({ target: 500, sharedBy: 2 }).current()).toBe(20);
    const limit = limitOf({ sharedBy: 2 });
    limit.freeBytes(GIBIBYTE);
    expect(limit.current()).toBe(4);
  });

  it('is never none', () => {
    const limit = limitOf();
    limit.freeBytes(0);
    expect(limit.current()).toBe(1);
  });

  it('halves when memory runs out, and doubles again in time', () => {
    let time = 0;
    const limit = limitOf({ now: () => time });
    limit.outOfMemory(48);
    expect(limit.current()).toBe(24);
    time = 999;
    expect(limit.current()).toBe(24);
    time = 1000;
    expect(limit.current()).toBe(48);
    time = 2000;
    expect(limit.current()).toBe(64);
  });

  it('tries again ever more seldom while memory does not suffice, and soon again once it has', () => {
    let time = 0;
    const limit = limitOf({ now: () => time });
    limit.outOfMemory(64);
    // Its halves
    limit.outOfMemory(32);
    limit.outOfMemory(32);
    const waits: number[] = [];
    for (let trial = 0; trial < 8; trial++) {
      const from = time;
      while (limit.current() === 16) time += 500;
      waits.push(time - from);
      expect(limit.current()).toBe(32);
      limit.outOfMemory(32);
    }
    expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 32_000, 32_000]);
    time += 32_000;
    limit.fitted(32);
    expect(limit.current()).toBe(32);
    time += 1000;
    expect(limit.current()).toBe(64);
    // Of another size: the wait begins anew
    limit.outOfMemory(64);
    time += 1000;
    expect(limit.current()).toBe(64);
  });

  it('waits no less for a batch that fits after all, right after one of its size that did not', () => {
    let time = 0;
    const limit = limitOf({ now: () => time });
    limit.outOfMemory(32);
    time = 1000;
    limit.outOfMemory(32);
    limit.fitted(32);
    time = 2000;
    expect(limit.current()).toBe(16);
    time = 3000;
    expect(limit.current()).toBe(32);
  });

  it('stays where a smaller batch put it when a larger one, begun before, fails too', () => {
    const limit = limitOf();
    limit.outOfMemory(16);
    limit.outOfMemory(64);
    expect(limit.current()).toBe(8);
  });

  it('does not count on memory that was held once and did not suffice now', () => {
    const limit = limitOf();
    limit.fitted(32);
    limit.outOfMemory(32);
    limit.freeBytes(0);
    expect(limit.current()).toBe(16);
  });
});

describe('calibration', () => {
  it('measures what a segment more takes of memory', async () => {
    let held = 0;
    const engine: Engine = {
      ...fakeEngine(),
      async transcribe(segments) {
        held = Math.max(held, segments.length);
        return [];
      },
    };
    const probe = { freeBytes: async () => 80 * GIBIBYTE - held * 1000 };
    const measured = await calibrate(engine, probe, 16);
    expect(measured.bytesPerSegment).toBe(1000);
    expect(measured.millisecondsPerSegment).toBeGreaterThanOrEqual(0);
  });

  it('says that it does not know where nothing can be seen', async () => {
    expect(await calibrate(fakeEngine(), undefined, 4)).toMatchObject({ bytesPerSegment: undefined });
    const same = { freeBytes: async () => GIBIBYTE };
    expect(await calibrate(fakeEngine(), same, 4)).toMatchObject({ bytesPerSegment: undefined });
  });

  it('runs both sizes with 30 s of quiet sound', async () => {
    const engine = fakeEngine();
    await calibrate(engine, undefined, 4);
    expect(engine.batches.map(({ length }) => length)).toEqual([1, 1, 4, 4]);
  });
});
