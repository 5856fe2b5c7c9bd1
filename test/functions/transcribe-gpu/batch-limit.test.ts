import type { Engine } from '@murmuration/pipeline/ports';
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
