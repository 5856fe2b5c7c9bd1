import { MurmurationError } from '@murmuration/pipeline/errors';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultPolicy } from '../../../functions/transcribe-gpu/batching/batching-policy.ts';
import { createBatcher } from '../../../functions/transcribe-gpu/batching/create-batcher.ts';
import { deviceOf, fakeEngine, segmentOf, silentObserver } from './fake-engine.ts';

const policy = { ...defaultPolicy, gatherMilliseconds: 1 };
const untilFull = { ...policy, gatherMilliseconds: 1e9 };
const ports = { observer: silentObserver };
const tick = () => new Promise<void>((resolve) => setTimeout(resolve));

/** Waits for `open()`, then lets everything through. */
function gate() {
  let open: () => void;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open: () => open(), passed: () => opened };
}

describe('batching', () => {
  it('answers every segment of every call once and in its place, whatever comes together', async () => {
    const calls = fc.array(
      fc.record({
        tenant: fc.constantFrom('a', 'b', 'c'),
        seed: fc.constantFrom(0, 1),
        lengths: fc.array(fc.integer({ min: 1, max: 100 }), { maxLength: 12 }),
      }),
      { maxLength: 12 },
    );
    const hardware = fc.record({
      devices: fc.integer({ min: 1, max: 3 }),
      mostSegments: fc.integer({ min: 1, max: 9 }),
      fits: fc.integer({ min: 2, max: 9 }),
    });
    await fc.assert(
      fc.asyncProperty(calls, hardware, async (calls, { devices, mostSegments, fits }) => {
        const engines = Array.from({ length: devices }, () => fakeEngine({ fits: () => fits, before: tick }));
        const batcher = createBatcher(
          engines.map((engine, index) => deviceOf(engine, { mostSegments, name: `gpu-${index}` })),
          policy,
          ports,
        );
        let name = 0;
        const asked = calls.map(({ tenant, seed, lengths }) => {
          const segments = lengths.map((samples) => segmentOf(++name, samples));
          return { segments, answer: batcher.transcribe(tenant, segments, { seed }) };
        });
        for (const { segments, answer } of asked) {
          expect((await answer).map(({ text }) => Number(text))).toEqual(segments.map((pcm) => pcm[0]));
        }
        expect(batcher.waiting()).toBe(0);
        for (const batch of engines.flatMap(({ batches }) => batches)) {
          expect(batch.length).toBeLessThanOrEqual(mostSegments);
        }
        const done = engines.flatMap(({ batches }) => batches.filter((batch) => batch.length <= fits)).flat();
        expect(done.toSorted((a, b) => a - b)).toEqual(Array.from({ length: name }, (_, index) => index + 1));
      }),
      { numRuns: 60 },
    );
  });

  it('puts calls that come within a few milliseconds into one batch', async () => {
    const engine = fakeEngine();
    let time = 0;
    const gathering = { ...policy, gatherMilliseconds: 20 };
    const batcher = createBatcher([deviceOf(engine)], gathering, { ...ports, now: () => time });
    const first = batcher.transcribe('a', [segmentOf(1)]);
    await tick();
    const second = batcher.transcribe('b', [segmentOf(2)]);
    time = 20;
    await Promise.all([first, second]);
    expect(engine.batches).toEqual([[1, 2]]);
  });

  it('shares what a device worked among the calls of a batch', async () => {
    const device = { ...deviceOf(fakeEngine(), { mostSegments: 3 }), watch: { start: () => () => 750 } };
    const batcher = createBatcher([device], untilFull, ports);
    const worked = new Map<string, readonly number[]>();
    const note = (call: string) => (seconds: readonly number[]) => void worked.set(call, seconds);
    await Promise.all([
      batcher.transcribe('a', [segmentOf(1), segmentOf(2)], {}, undefined, note('a')),
      batcher.transcribe('b', [segmentOf(3)], {}, undefined, note('b')),
    ]);
    expect(Object.fromEntries(worked)).toEqual({ a: [0.25, 0.25], b: [0.25] });
  });

  it('does not wait once a batch is full', async () => {
    const engine = fakeEngine();
    const batcher = createBatcher([deviceOf(engine, { mostSegments: 2 })], untilFull, ports);
    await batcher.transcribe('a', [segmentOf(1), segmentOf(2)]);
    expect(engine.batches).toEqual([[1, 2]]);
  });

  it('answers what is done first first', async () => {
    const { open, passed } = gate();
    const engine = fakeEngine({ before: (batch) => (batch[0] === 1 ? passed() : undefined) });
    const batcher = createBatcher([deviceOf(engine, { mostSegments: 1 })], policy, ports);
    const order: string[] = [];
    const slow = batcher.transcribe('a', [segmentOf(1)]).then(() => order.push('slow'));
    const fast = batcher.transcribe('b', [segmentOf(2)]).then(() => order.push('fast'));
    await fast;
    open();
    await slow;
    expect(order).toEqual(['fast', 'slow']);
  });

  it('gathers behind a running batch until that is done or the next is full', async () => {
    const { open, passed } = gate();
    const engine = fakeEngine({ before: (batch) => (batch[0] === 1 ? passed() : undefined) });
    const batcher = createBatcher(
      [deviceOf(engine, { mostSegments: 3 })],
      { ...policy, gatherMilliseconds: 0 },
      ports,
    );
    const calls = [batcher.transcribe('a', [segmentOf(1)]), batcher.transcribe('b', [segmentOf(2)])];
    await tick();
    expect(engine.batches).toEqual([[1]]);
    calls.push(batcher.transcribe('c', [segmentOf(3), segmentOf(4)]));
    await tick();
    expect(engine.batches).toEqual([[1], [2, 3, 4]]);
    open();
    await Promise.all(calls);
  });

  it('uses every device', async () => {
    const { open, passed } = gate();
    const engines = [fakeEngine({ before: passed }), fakeEngine({ before: passed })];
    const devices = engines.map((engine, index) =>
      deviceOf(engine, { mostSegments: 2, name: `gpu-${index}` }),
    );
    const batcher = createBatcher(devices, { ...policy, gatherMilliseconds: 0 }, ports);
    const answer = batcher.transcribe(
      'a',
      [1, 2, 3, 4].map((name) => segmentOf(name)),
    );
    expect(engines.map(({ batches }) => batches)).toEqual([[[1, 2]], [[3, 4]]]);
    open();
    expect(await answer).toHaveLength(4);
  });

  it('drops what still waits when its caller gives up, and no more', async () => {
    const { open, passed } = gate();
    const engine = fakeEngine({ before: (batch) => (batch.includes(1) ? passed() : undefined) });
    const single = { ...policy, batchesAtOnce: 1 };
    const batcher = createBatcher([deviceOf(engine, { mostSegments: 1 })], single, ports);
    const running = batcher.transcribe('a', [segmentOf(1)]);
    const giving = new AbortController();
    const given = batcher.transcribe('b', [segmentOf(2), segmentOf(3)], {}, giving.signal);
    const other = batcher.transcribe('c', [segmentOf(4)]);
    giving.abort();
    await expect(given).rejects.toMatchObject({ code: 'aborted' });
    expect(batcher.waiting()).toBe(1);
    open();
    await Promise.all([running, other]);
    expect(engine.batches).toEqual([[1], [4]]);
  });

  it('fails only the call that is at fault', async () => {
    const engine = fakeEngine({
      before: (batch) => {
        if (batch.includes(2)) throw new MurmurationError('audio-invalid', 'a broken sample');
      },
    });
    const batcher = createBatcher([deviceOf(engine)], policy, ports);
    const good = batcher.transcribe('a', [segmentOf(1)]);
    const bad = batcher.transcribe('b', [segmentOf(2)]);
    const alsoGood = batcher.transcribe('c', [segmentOf(3)]);
    await expect(bad).rejects.toMatchObject({ code: 'audio-invalid' });
    expect([(await good)[0]!.text, (await alsoGood)[0]!.text]).toEqual(['1', '3']);
  });

  it('reports a device that cannot be used again, and fails its batch', async () => {
    const fatal: unknown[] = [];
    const error = new MurmurationError('internal', 'the GPU failed', { details: { fatal: true } });
    const engine = fakeEngine({
      before: () => {
        throw error;
      },
    });
    const observer = { ...silentObserver, fatal: (found: unknown) => fatal.push(found) };
    const batcher = createBatcher([deviceOf(engine, { mostSegments: 2 })], untilFull, { observer });
    const calls = [batcher.transcribe('a', [segmentOf(1)]), batcher.transcribe('b', [segmentOf(2)])];
    for (const call of calls) await expect(call).rejects.toBe(error);
    expect(fatal).toEqual([error]);
    expect(engine.batches).toEqual([[1, 2]]);
  });

  it('tells all who wait, for any device, as soon as one cannot be used again, and begins nothing more', async () => {
    const error = new MurmurationError('internal', 'the GPU failed', { details: { fatal: true } });
    const { open, passed } = gate();
    const broken = fakeEngine({
      before: async () => {
        await passed();
        throw error;
      },
    });
    const hanging = fakeEngine({ before: () => new Promise(() => undefined) });
    const fatal: unknown[] = [];
    const observer = { ...silentObserver, fatal: (found: unknown) => fatal.push(found) };
    const devices = [broken, hanging].map((engine, index) =>
      deviceOf(engine, { mostSegments: 1, name: `gpu-${index}` }),
    );
    const batcher = createBatcher(devices, { ...policy, batchesAtOnce: 2 }, { observer });
    const calls = [1, 2, 3, 4, 5, 6].map((name) => batcher.transcribe(`${name}`, [segmentOf(name)]));
    open();
    for (const call of calls) await expect(call).rejects.toBe(error);
    await expect(batcher.transcribe('late', [segmentOf(7)])).rejects.toBe(error);
    expect(fatal).toEqual([error]);
    expect([...broken.batches, ...hanging.batches].flat().toSorted()).toEqual([1, 2, 3, 4]);
  });
});

describe('out of memory', () => {
  const names = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

  it.each([
    [8, [8]],
    [4, [8, 4, 4]],
    [2, [8, 4, 2, 2, 4, 2, 2]],
    [1, [8, 4, 2, 1, 1, 2, 1, 1, 4, 2, 1, 1, 2, 1, 1]],
  ])('is met by halves of the same segments where %i rows fit', async (fits, sizes) => {
    const engine = fakeEngine({ fits: () => fits });
    const batcher = createBatcher([deviceOf(engine)], policy, ports);
    const answer = await batcher.transcribe(
      'a',
      names(8).map((name) => segmentOf(name)),
    );
    expect(answer.map(({ text }) => Number(text))).toEqual(names(8));
    expect(engine.batches.map(({ length }) => length)).toEqual(sizes);
  });

  it('is given up after three halvings, with the code that sends the batch to the other lane', async () => {
    const engine = fakeEngine({ fits: () => 0 });
    const seen: unknown[] = [];
    const observer = { ...silentObserver, outOfMemory: (batch: unknown) => seen.push(batch) };
    const batcher = createBatcher([deviceOf(engine)], policy, { observer });
    await expect(batcher.transcribe('a', [segmentOf(1)])).rejects.toMatchObject({ code: 'out-of-memory' });
    expect(engine.batches).toEqual([[1], [1], [1], [1]]);
    expect(seen.at(-1)).toEqual({ device: 'gpu-0', segments: 1, givenUp: true });
  });

  it('makes batches smaller for a while, and then of full size again', async () => {
    let time = 0;
    let fits = 4;
    const engine = fakeEngine({ fits: () => fits });
    const device = deviceOf(engine, { mostSegments: 16, now: () => time });
    const batcher = createBatcher([device], policy, { ...ports, now: () => time });
    const sizes = async () => {
      const before = engine.batches.length;
      await batcher.transcribe(
        'a',
        names(16).map((name) => segmentOf(name)),
      );
      return engine.batches.slice(before).map(({ length }) => length);
    };
    expect(await sizes()).toEqual([16, 8, 4, 4, 8, 4, 4]);
    expect(await sizes()).toEqual([4, 4, 4, 4]);
    fits = 16;
    time = 1000;
    expect(await sizes()).toEqual([8, 8]);
    time = 2000;
    expect(await sizes()).toEqual([16]);
  });
});
