import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { defaultPolicy } from '../../../functions/transcribe-gpu/batching/batching-policy.ts';
import { createBatcher } from '../../../functions/transcribe-gpu/batching/create-batcher.ts';
import { deviceOf, fakeEngine, segmentOf, silentObserver } from './fake-engine.ts';

const policy = { ...defaultPolicy, gatherMilliseconds: 0, stallMilliseconds: 1000 };
const fatal = vi.fn();
const observer = { ...silentObserver, fatal };

/** One device that takes one segment at a time; the batch with segment `n` takes `milliseconds[n]`. */
function batcherOf(milliseconds: readonly number[]) {
  const engine = fakeEngine({
    before: (batch) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds[batch[0]!])),
  });
  return createBatcher([deviceOf(engine, { mostSegments: 1 })], policy, { observer });
}

beforeEach(() => {
  vi.useFakeTimers();
  fatal.mockClear();
});
afterEach(() => vi.useRealTimers());

describe('a device that ends no batch', () => {
  it('cannot be used again once it had so long, and whoever waits is told', async () => {
    const batcher = batcherOf([1e9, 1e9, 1e9]);
    const calls = [0, 1, 2].map((name) => batcher.transcribe(`${name}`, [segmentOf(name)]));
    const told = Promise.allSettled(calls);
    await vi.advanceTimersByTimeAsync(999);
    expect(fatal).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(fatal).toHaveBeenCalledOnce();
    for (const { status, ...call } of await told) {
      expect([status, call]).toMatchObject([
        'rejected',
        { reason: { code: 'internal', message: expect.stringMatching(/gpu-0 ended no batch in 1 s/) } },
      ]);
    }
  });

  it('is told from one that has much to do', async () => {
    // Two are under way at once: the second has waited for the first
    const batcher = batcherOf([900, 1800, 1800, 1800]);
    const calls = [0, 1, 2, 3].map((name) => batcher.transcribe(`${name}`, [segmentOf(name)]));
    const heard = Promise.all(calls);
    await vi.advanceTimersByTimeAsync(10_000);
    expect((await heard).flat().map(({ text }) => text)).toEqual(['0', '1', '2', '3']);
    expect(fatal).not.toHaveBeenCalled();
  });

  it('is found after others went well', async () => {
    const batcher = batcherOf([900, 1e9]);
    const first = batcher.transcribe('a', [segmentOf(0)]);
    const second = batcher.transcribe('b', [segmentOf(1)]).catch((error) => error.code);
    await vi.advanceTimersByTimeAsync(1899);
    await first;
    expect(fatal).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(await second).toBe('internal');
  });
});
