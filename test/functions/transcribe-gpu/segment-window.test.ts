import { batches, type Job } from '@murmuration/whisper/build-request';
import { contextOptions, planContext } from '@murmuration/whisper/context';
import { readManifest } from '@murmuration/whisper/load-model';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultPolicy } from '../../../functions/transcribe-gpu/batching/batching-policy.ts';
import { createBatcher } from '../../../functions/transcribe-gpu/batching/create-batcher.ts';
import { segmentWindow } from '../../../functions/transcribe-gpu/batching/segment-window.ts';
import { tinyModel } from '../../engine/recordings.ts';
import { deviceOf, fakeEngine, segmentOf, silentObserver } from './fake-engine.ts';

const { dimensions, graph } = await readManifest(tinyModel);
const forGpu = { dimensions, graph: { ...graph, target: 'cuda' as const } };
const forProcessor = { dimensions, graph: { ...graph, target: 'cpu' as const } };
const [short, long] = [2 * 16_000, 20 * 16_000];

describe('the window of a segment', () => {
  it.each([
    ['a GPU', forGpu],
    ['a processor', forProcessor],
  ])('is one where the engine makes one run, on %s', (_, manifest) => {
    const windowOf = segmentWindow(manifest);
    const prompt = { tokens: [1], forced: [] };
    const lengths = fc.array(fc.integer({ min: 1, max: 480_000 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(lengths, fc.constantFrom(undefined, true, false), (lengths, shortContext) => {
        const decoding = shortContext === undefined ? undefined : { shortContext };
        const jobs = lengths.map((samples) => {
          const kind = shortContext === false ? 'full' : 'short';
          return { samples, prompt, plan: planContext(samples, kind, contextOptions(manifest)) };
        });
        const runs = batches(jobs as unknown as (Job & { samples: number })[], lengths.length);
        for (const run of runs) {
          expect(new Set(run.map(({ samples }) => windowOf(samples, decoding))).size).toBe(1);
        }
        expect(runs).toHaveLength(new Set(lengths.map((samples) => windowOf(samples, decoding))).size);
      }),
    );
  });

  it('tells short ones from long ones on a GPU, unless all get the whole window', () => {
    const windowOf = segmentWindow(forGpu);
    expect(windowOf(short, {})).not.toBe(windowOf(long, {}));
    expect(windowOf(short, { shortContext: false })).toBe(windowOf(long, { shortContext: false }));
  });
});

describe('batches of a GPU', () => {
  const policy = { ...defaultPolicy, gatherMilliseconds: 0, mostPadding: 1, batchesAtOnce: 1 };

  function batching(mostSegments: number) {
    const engine = fakeEngine();
    const ports = { observer: silentObserver, windowOf: segmentWindow(forGpu) };
    return { engine, batcher: createBatcher([deviceOf(engine, { mostSegments })], policy, ports) };
  }

  it('are full runs of one window where enough of both kinds wait', async () => {
    const { engine, batcher } = batching(4);
    const segments = Array.from({ length: 8 }, (_, n) => segmentOf(n, n % 2 === 0 ? short : long));
    const answer = await batcher.transcribe('a', segments);
    expect(answer.map(({ text }) => text)).toEqual(['0', '1', '2', '3', '4', '5', '6', '7']);
    expect(engine.batches).toEqual([
      [0, 2, 4, 6],
      [1, 3, 5, 7],
    ]);
  });

  it('let one of the other kind wait for one batch of a backlog, and no more', async () => {
    const { engine, batcher } = batching(2);
    const backlog = batcher.transcribe(
      'big',
      Array.from({ length: 10 }, (_, n) => segmentOf(n, short)),
    );
    // While the first is computed
    const late = batcher.transcribe('small', [segmentOf(10, long)]);
    await Promise.all([backlog, late]);
    expect(engine.batches.slice(0, 3)).toEqual([[0, 1], [2, 3], [10]]);
  });
});
