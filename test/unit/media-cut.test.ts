import { cut, type PcmSegment } from '@murmuration/media/cut';
import { quietestSample } from '@murmuration/media/quietest-sample';
import type { Pcm } from '@murmuration/pipeline/ports';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const RATE = 16_000;

/** Samples that name their own position, so that a lost or doubled one shows. */
function ramp(samples: number): Pcm {
  return Float32Array.from({ length: samples }, (_, index) => (index % 8_191) / 8_191 + 1e-3);
}

function* inBlocks(pcm: Pcm, sizes: readonly number[]): Generator<Pcm> {
  let at = 0;
  for (let block = 0; at < pcm.length; block += 1) {
    const size = sizes[block % sizes.length] ?? RATE;
    yield pcm.subarray(at, at + size);
    at += size;
  }
}

async function cutAll(pcm: Pcm, sizes: readonly number[] = [RATE]): Promise<PcmSegment[]> {
  const segments: PcmSegment[] = [];
  for await (const segment of cut(inBlocks(pcm, sizes))) segments.push(segment);
  return segments;
}

/** Loud everywhere but between the given seconds. */
function speech(seconds: number, ...pauses: [from: number, to: number][]): Pcm {
  const isPause = (sample: number) =>
    pauses.some(([from, to]) => sample >= from * RATE && sample < to * RATE);
  return Float32Array.from({ length: seconds * RATE }, (_, sample) =>
    isPause(sample) ? 0.001 * Math.sin(sample) : 0.5 * Math.sin(sample / 7),
  );
}

describe('cut', () => {
  const seconds = fc.oneof(
    fc.constantFrom(0, 1, 27.9, 28, 28.5, 30, 30.5, 31, 31.5, 56, 58.9, 59, 62),
    fc.double({ min: 0, max: 130, noNaN: true }),
  );
  const blockSizes = fc.array(fc.integer({ min: 1_000, max: 700_000 }), { minLength: 1, maxLength: 5 });

  it('loses no sample, doubles none, and keeps their order, for any length and blocks', async () => {
    const property = fc.asyncProperty(
      seconds,
      fc.integer({ min: 0, max: 319 }),
      blockSizes,
      async (length, odd, sizes) => {
        const pcm = ramp(Math.floor(length * RATE) + odd);
        let at = 0;
        for (const segment of await cutAll(pcm, sizes)) {
          expect(segment.startSample).toBe(at);
          expect(segment.endSample).toBe(at + segment.pcm.length);
          expect(Buffer.compare(bytes(segment.pcm), bytes(pcm.subarray(at, segment.endSample)))).toBe(0);
          at = segment.endSample;
        }
        expect(at).toBe(pcm.length);
      },
    );
    await fc.assert(property, { numRuns: 40 });
  });

  it('makes segments of 15 to 28 s, the last at least 3 s', async () => {
    const pauses = fc.array(
      fc.tuple(fc.double({ min: 0, max: 120, noNaN: true }), fc.double({ min: 0, max: 3, noNaN: true })),
    );
    const property = fc.asyncProperty(
      fc.double({ min: 30.1, max: 130, noNaN: true }),
      pauses,
      async (length, starts) => {
        const pcm = speech(
          Math.floor(length),
          ...starts.map(([from, long]): [number, number] => [from, from + long]),
        );
        if (pcm.length <= 30 * RATE) return;
        const lengths = (await cutAll(pcm)).map((segment) => segment.pcm.length / RATE);
        const last = lengths.pop();
        expect(last).toBeGreaterThanOrEqual(3);
        expect(last).toBeLessThanOrEqual(28);
        for (const one of lengths) {
          expect(one).toBeGreaterThanOrEqual(15);
          expect(one).toBeLessThanOrEqual(28);
        }
      },
    );
    await fc.assert(property, { numRuns: 25 });
  });

  it('does not depend on the size of the blocks', async () => {
    const pcm = speech(100, [17, 17.4], [40, 41], [66, 66.2]);
    const borders = async (sizes: number[]) => (await cutAll(pcm, sizes)).map(({ endSample }) => endSample);
    expect(await borders([517])).toEqual(await borders([pcm.length]));
  });

  it('leaves a recording of up to 30 s whole', async () => {
    expect(await cutAll(speech(30, [20, 21]))).toHaveLength(1);
  });

  it('gives nothing for nothing', async () => {
    expect(await cutAll(new Float32Array(0))).toEqual([]);
  });

  it('cuts inside the pause', async () => {
    const [first] = await cutAll(speech(45, [20, 20.5]));
    expect(first!.endSample / RATE).toBeCloseTo(20.25, 1);
  });

  it('overlaps nothing and says nothing of voices when nobody listens', async () => {
    for (const segment of await cutAll(speech(70))) {
      expect(segment).toMatchObject({ overlapSamples: 0, speech: undefined });
    }
  });
});

describe('quietestSample', () => {
  const choose = (pcm: Pcm) => quietestSample(pcm, 15 * RATE, 28 * RATE) / RATE;

  it('prefers the longer pause to the quieter one', () => {
    const pcm = speech(31, [18, 18.8], [24, 24.1]);
    pcm.fill(0, 24 * RATE, 24.1 * RATE);
    expect(choose(pcm)).toBeCloseTo(18.4, 1);
  });

  it('prefers the later of two long pauses', () => {
    expect(choose(speech(31, [16, 18], [25, 26.5]))).toBeCloseTo(25.75, 1);
  });

  it('finds the pause in a noisy recording', () => {
    const pcm = speech(31, [22, 22.6]).map((sample, index) => sample + 0.05 * Math.sin(index * index));
    expect(choose(pcm)).toBeCloseTo(22.3, 1);
  });

  it('still answers for steady sound, for silence and for samples that are not numbers', () => {
    for (const value of [0.3, 0, Number.NaN, Number.POSITIVE_INFINITY]) {
      const at = choose(new Float32Array(31 * RATE).fill(value));
      expect(at).toBeGreaterThanOrEqual(15);
      expect(at).toBeLessThanOrEqual(28);
    }
  });
});

function bytes(pcm: Pcm): Uint8Array {
  return new Uint8Array(pcm.buffer, pcm.byteOffset, pcm.byteLength);
}
