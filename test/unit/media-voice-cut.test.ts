import { cut, type PcmSegment } from '@murmuration/media/cut';
import type { VoiceDetector } from '@murmuration/media/voice/voice';
import type { Pcm } from '@murmuration/pipeline/ports';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fakeVoice } from '../fake-voice.ts';

const RATE = 16_000;
const WINDOW = 512;

/** A voice everywhere but between the given seconds. */
const pausesAt = (...pauses: [from: number, to: number][]) =>
  fakeVoice((window) => {
    const middle = ((window + 0.5) * WINDOW) / RATE;
    return pauses.some(([from, to]) => middle >= from && middle < to) ? 0.1 : 0.9;
  });

/** Samples that name their own position, so that a lost or doubled one shows. */
const longRamp = Float32Array.from({ length: 200 * RATE }, (_, index) => (index % 8_191) / 8_191 + 1e-3);
const ramp = (samples: number): Pcm => longRamp.slice(0, samples);

/** Quietest in places that fit no window of the detector. */
function speechOfAll(samples: number): Pcm {
  return Float32Array.from({ length: samples }, (_, index) => (index % 100_001 < 3_000 ? 1e-3 : 0.5));
}

function* inBlocks(pcm: Pcm, sizes: readonly number[], onRead?: (at: number) => void): Generator<Pcm> {
  let at = 0;
  for (let block = 0; at < pcm.length; block += 1) {
    const size = sizes[block % sizes.length] ?? RATE;
    yield pcm.subarray(at, at + size);
    at += size;
    onRead?.(at);
  }
}

async function cutAll(
  pcm: Pcm,
  voice: VoiceDetector,
  sizes: readonly number[] = [RATE],
): Promise<PcmSegment[]> {
  const segments: PcmSegment[] = [];
  for await (const segment of cut(inBlocks(pcm, sizes), { voice })) segments.push(segment);
  return segments;
}

/** Recordings that end anywhere, with pauses of any length, many of them or none. */
const recordings = fc.record({
  samples: fc.oneof(
    fc.constantFrom(0, 1, 28 * RATE, 30 * RATE, 30 * RATE + 1, 31 * RATE, 59 * RATE),
    fc.integer({ min: 0, max: 130 * RATE }),
  ),
  probabilities: fc.oneof(
    fc.array(fc.constantFrom(0.01, 0.34, 0.36, 0.5, 0.99), { minLength: 1, maxLength: 300 }),
    // Runs, as real speech and silence are
    fc
      .array(fc.tuple(fc.constantFrom(0.05, 0.95), fc.integer({ min: 1, max: 400 })), {
        minLength: 1,
        maxLength: 30,
      })
      .map((runs) => runs.flatMap(([probability, windows]) => Array<number>(windows).fill(probability))),
  ),
  sizes: fc.array(fc.integer({ min: 1_000, max: 700_000 }), { minLength: 1, maxLength: 5 }),
});
const voiceOf = (probabilities: readonly number[]) =>
  fakeVoice((window) => probabilities[window % probabilities.length]!);

describe('cutting with a voice detector', () => {
  it('keeps every sample once outside overlaps, in order, and says where it is', async () => {
    const property = fc.asyncProperty(recordings, async ({ samples, probabilities, sizes }) => {
      const pcm = ramp(samples);
      let at = 0;
      for (const segment of await cutAll(pcm, voiceOf(probabilities), sizes)) {
        expect(segment.startSample).toBe(at - segment.overlapSamples);
        expect(segment.endSample).toBe(segment.startSample + segment.pcm.length);
        expect(segment.endSample).toBeGreaterThan(at);
        const original = pcm.subarray(segment.startSample, segment.endSample);
        expect(Buffer.compare(bytes(segment.pcm), bytes(original))).toBe(0);
        at = segment.endSample;
      }
      expect(at).toBe(pcm.length);
    });
    await fc.assert(property, { numRuns: 60 });
  });

  it('keeps all lengths within their limits', async () => {
    const property = fc.asyncProperty(recordings, async ({ samples, probabilities, sizes }) => {
      const segments = await cutAll(ramp(samples), voiceOf(probabilities), sizes);
      if (samples <= 30 * RATE) {
        expect(segments).toHaveLength(samples > 0 ? 1 : 0);
        return;
      }
      expect(segments[0]!.overlapSamples).toBe(0);
      for (const [index, { pcm, overlapSamples }] of segments.entries()) {
        expect([0, RATE]).toContain(overlapSamples);
        expect(pcm.length).toBeLessThanOrEqual(28 * RATE);
        expect(pcm.length).toBeGreaterThanOrEqual((index < segments.length - 1 ? 15 : 3) * RATE);
      }
    });
    await fc.assert(property, { numRuns: 60 });
  });

  it('does not depend on the size of the blocks', async () => {
    const property = fc.asyncProperty(recordings, async ({ samples, probabilities, sizes }) => {
      const pcm = ramp(samples);
      const shape = (segments: PcmSegment[]) => segments.map(({ pcm: _, ...rest }) => rest);
      expect(shape(await cutAll(pcm, voiceOf(probabilities), sizes))).toEqual(
        shape(await cutAll(pcm, voiceOf(probabilities), [pcm.length])),
      );
    });
    await fc.assert(property, { numRuns: 30 });
  });

  it('names spans of speech that are in order, apart, and inside their segment', async () => {
    const property = fc.asyncProperty(recordings, async ({ samples, probabilities, sizes }) => {
      for (const { startSample: segmentStart, pcm, speech } of await cutAll(
        ramp(samples),
        voiceOf(probabilities),
        sizes,
      )) {
        let at = 0;
        for (const { startSample, endSample } of speech!) {
          expect(startSample).toBeGreaterThanOrEqual(at);
          expect(endSample).toBeGreaterThan(startSample);
          // Exact to the sample: 100 ms outside a window of the recording
          if (startSample > 0) expect((segmentStart + startSample + 1_600) % WINDOW).toBe(0);
          if (endSample < pcm.length) expect((segmentStart + endSample - 1_600) % WINDOW).toBe(0);
          at = endSample;
        }
        expect(at).toBeLessThanOrEqual(pcm.length);
      }
    });
    await fc.assert(property, { numRuns: 60 });
  });

  it('never holds more than 31 s', async () => {
    let readSamples = 0;
    let mostHeld = 0;
    const pcm = ramp(200 * RATE);
    const blocks = inBlocks(pcm, [100], (at) => {
      readSamples = at;
    });
    for await (const { startSample } of cut(blocks, { voice: pausesAt([3, 4]) })) {
      mostHeld = Math.max(mostHeld, readSamples - startSample);
    }
    expect(mostHeld).toBeLessThanOrEqual(31 * RATE + 100);
    expect(mostHeld).toBeGreaterThan(28 * RATE);
  });

  it('cuts in the middle of the longest pause, not where it is quiet', async () => {
    const pcm = ramp(45 * RATE).fill(0, 24 * RATE, 26 * RATE);
    const [first] = await cutAll(pcm, pausesAt([17, 17.6], [19, 20], [22, 22.9]));
    expect(first!.endSample / RATE).toBeCloseTo(19.5, 1);
    expect(first!.endSample % 256).toBe(0);
  });

  it('prefers the later of two equal pauses', async () => {
    const [first] = await cutAll(ramp(45 * RATE), pausesAt([16, 16.512], [24, 24.512]));
    expect(first!.endSample / RATE).toBeCloseTo(24.25, 1);
  });

  it('cuts running speech twice over where it is quietest, with 0.5 s of overlap on both sides', async () => {
    const pcm = ramp(45 * RATE).fill(1e-3, 24 * RATE, 24.2 * RATE);
    // A pause of 64 ms is none, and one before 15 s is too early
    const [first, second, ...more] = await cutAll(pcm, pausesAt([5, 8], [20, 20.064]));
    expect(more).toEqual([]);
    expect(first!.endSample / RATE).toBeCloseTo(24.6, 1);
    expect(second!.startSample / RATE).toBeCloseTo(23.6, 1);
    expect(second!.overlapSamples).toBe(RATE);
  });

  it('does not take a hesitant voice for a pause', async () => {
    const probabilityOf = (window: number) => {
      const second = (window * WINDOW) / RATE;
      if (second >= 17 && second < 17.5) return 0.34;
      return second >= 20 && second < 26 ? 0.36 : 0.9;
    };
    const [first] = await cutAll(ramp(45 * RATE), fakeVoice(probabilityOf));
    expect(first!.endSample / RATE).toBeCloseTo(17.25, 1);
  });

  it('hears speech from first to last where it never stops', async () => {
    const segments = await cutAll(speechOfAll(100 * RATE), pausesAt());
    expect(segments.filter(({ startSample }) => startSample % WINDOW > 0).length).toBeGreaterThan(0);
    for (const { speech, pcm } of segments) {
      expect(speech).toEqual([{ startSample: 0, endSample: pcm.length }]);
    }
  });

  it('says where in each segment a voice is', async () => {
    const [first, second] = await cutAll(ramp(45 * RATE), pausesAt([0, 4], [18, 20], [40, 50]));
    const seconds = (segment: PcmSegment) =>
      segment.speech!.map(({ startSample, endSample }) => [startSample / RATE, endSample / RATE]);
    expect(seconds(first!)).toEqual([[expect.closeTo(3.9, 1), expect.closeTo(18.1, 1)]]);
    expect(seconds(second!)).toEqual([[expect.closeTo(0.9, 1), expect.closeTo(21.1, 1)]]);
  });

  it('finds no speech in a recording without a voice, and keeps its audio', async () => {
    const segments = await cutAll(ramp(70 * RATE), pausesAt([0, 100]));
    expect(segments.map(({ speech }) => speech)).toEqual(segments.map(() => []));
    expect(segments.at(-1)!.endSample).toBe(70 * RATE);
  });
});

function bytes(pcm: Pcm): Uint8Array {
  return new Uint8Array(pcm.buffer, pcm.byteOffset, pcm.byteLength);
}
