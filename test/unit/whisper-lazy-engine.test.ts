import type { Engine } from '@murmuration/pipeline/ports';
import { lazyEngine } from '@murmuration/whisper/lazy-engine';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const facts = { modelId: 'large', modelSha256: 'f'.repeat(64), timesWords: true };

/** Counts what is open; `work` is what each call waits for. */
function openerOf(work: () => Promise<unknown> = async () => undefined) {
  const counts = { opened: 0, closed: 0 };
  const open = async (): Promise<Engine> => {
    counts.opened += 1;
    return {
      ...facts,
      async transcribe() {
        await work();
        return [];
      },
      async close() {
        counts.closed += 1;
      },
    };
  };
  return { counts, open };
}

it('opens with the first work and once for all that comes meanwhile', async () => {
  const { counts, open } = openerOf();
  const engine = lazyEngine(facts, open, 1000);
  expect(counts.opened).toBe(0);
  await Promise.all([engine.transcribe([]), engine.transcribe([])]);
  expect(counts).toEqual({ opened: 1, closed: 0 });
});

it('lets go when nothing is asked of it, and opens again', async () => {
  const { counts, open } = openerOf();
  const engine = lazyEngine(facts, open, 1000);
  await engine.transcribe([]);
  await vi.advanceTimersByTimeAsync(999);
  await engine.transcribe([]);
  await vi.advanceTimersByTimeAsync(999);
  expect(counts).toEqual({ opened: 1, closed: 0 });
  await vi.advanceTimersByTimeAsync(1);
  expect(counts).toEqual({ opened: 1, closed: 1 });
  await engine.transcribe([]);
  expect(counts).toEqual({ opened: 2, closed: 1 });
});

it('stays while it works, however long that takes', async () => {
  const { counts, open } = openerOf(() => new Promise((resolve) => setTimeout(resolve, 5000)));
  const engine = lazyEngine(facts, open, 1000);
  const work = engine.transcribe([]);
  await vi.advanceTimersByTimeAsync(4000);
  expect(counts.closed).toBe(0);
  await vi.advanceTimersByTimeAsync(1000);
  await work;
});

it('tells all who waited that it could not open, and tries again the next time', async () => {
  const { counts, open } = openerOf();
  let fails = true;
  const engine = lazyEngine(facts, () => (fails ? Promise.reject(new Error('no memory')) : open()), 1000);
  const both = await Promise.allSettled([engine.transcribe([]), engine.transcribe([])]);
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  fails = false;
  await engine.transcribe([]);
  expect(counts.opened).toBe(1);
});

it('closes what is open, and nothing where nothing was', async () => {
  const { counts, open } = openerOf();
  await lazyEngine(facts, open, 1000).close();
  const engine = lazyEngine(facts, open, 1000);
  await engine.transcribe([]);
  await engine.close();
  await vi.advanceTimersByTimeAsync(2000);
  expect(counts).toEqual({ opened: 1, closed: 1 });
});
