import { type CutSegment, cutChannels } from '@murmuration/pipeline/hearing/cut-channels';
import { inBatches } from '@murmuration/pipeline/hearing/in-batches';
import type { Pcm } from '@murmuration/pipeline/ports';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

describe('batches', () => {
  it('hold every item once, in order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer()), fc.integer({ min: 1, max: 9 }), async (items, size) => {
        const batches = await all(inBatches(each(items), size));
        expect(batches.flat()).toEqual(items);
        expect(batches.slice(0, -1).every((batch) => batch.length === size)).toBe(true);
        expect(batches.every((batch) => batch.length > 0)).toBe(true);
      }),
    );
  });

  it('take no more items than were asked for, and let go of them', async () => {
    let taken = 0;
    let released = false;
    async function* counted() {
      try {
        for (;;) yield taken++;
      } finally {
        released = true;
      }
    }
    const batches = inBatches(counted(), 3);
    await batches.next();
    await new Promise(setImmediate);
    expect(taken).toBe(3);
    await batches.return(undefined);
    expect(released).toBe(true);
  });

  it('pass a failure on after what came before it', async () => {
    async function* failing() {
      yield 1;
      yield 2;
      throw new Error('broken');
    }
    const seen: number[][] = [];
    const reading = (async () => {
      for await (const batch of inBatches(failing(), 2)) seen.push(batch);
    })();
    await expect(reading).rejects.toThrow('broken');
    expect(seen).toEqual([[1, 2]]);
  });
});

describe('channels', () => {
  /** Segments of two blocks each; the last may have one. */
  async function* cutPairs(blocks: AsyncIterable<Pcm>): AsyncGenerator<CutSegment> {
    let startSample = 0;
    for await (const pair of inBatches(blocks, 2)) {
      const pcm = Float32Array.from(pair.flatMap((block) => [...block]));
      const endSample = startSample + pcm.length;
      yield { startSample, endSample, overlapSamples: 0, speech: undefined, pcm };
      startSample = endSample;
    }
  }

  it('are cut apart, and none runs ahead of the others by more than a segment', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 20 }),
        fc.integer({ min: 1, max: 5 }),
        async (blocks, channels) => {
          const input = Array.from({ length: blocks }, (_, index) =>
            Array.from({ length: channels }, (_, channel) => Float32Array.of(index + channel / 10)),
          );
          const segments = await all(cutChannels(each(input), channels, cutPairs));
          for (let channel = 0; channel < channels; channel++) {
            const own = segments.filter((segment) => segment.channel === channel);
            expect(own.flatMap(({ pcm }) => [...pcm])).toEqual([
              ...Float32Array.from(input, (block) => block[channel]![0]!),
            ]);
          }
          const done = Array(channels).fill(0);
          for (const { channel, endSample } of segments) {
            done[channel] = endSample;
            expect(Math.max(...done) - Math.min(...done)).toBeLessThanOrEqual(2);
          }
        },
      ),
    );
  });
});
