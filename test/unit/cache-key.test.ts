import { createHash } from 'node:crypto';
import { toSixteenBit } from '@murmuration/pipeline/audio/sixteen-bit';
import { cacheKey } from '@murmuration/pipeline/cache/cache-key';
import { type DecodingInput, DecodingOptions } from '@murmuration/pipeline/contract/decoding';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const pcm = Float32Array.from([0, 0.5, -0.5, 0.25]);
const base = { pcm, modelId: 'whisper-tiny.en-int8', modelSha256: 'a'.repeat(64) };

/** 16-bit samples, as a decoder hands them over. */
const samples = fc.array(fc.integer({ min: -32_768, max: 32_767 }), { minLength: 1, maxLength: 50 });
const toPcm = (values: readonly number[]) => Float32Array.from(values, (value) => value / 32_768);

describe('the key of a segment', () => {
  it('never changes its meaning unnoticed: raise KEY_VERSION when this changes', () => {
    expect(cacheKey(base)).toBe('457f47ae9a475bc983790475f0e66390768613d6a6644924d04735365367d881');
  });

  it('is the same where the sha256 of the 16-bit audio is known already', () => {
    fc.assert(
      fc.property(samples, (values) => {
        const pcm = toPcm(values);
        const pcmSha256 = createHash('sha256').update(toSixteenBit(pcm)).digest('hex');
        const key = cacheKey({ ...base, pcm });
        // The audio is not read then
        expect(cacheKey({ ...base, pcm: new Float32Array(pcm.length), pcmSha256 })).toBe(key);
      }),
    );
  });

  it('hangs on every sample, their order and their number', () => {
    fc.assert(
      fc.property(samples, samples, (one, other) => {
        const same = one.length === other.length && one.every((value, index) => value === other[index]);
        expect(cacheKey({ ...base, pcm: toPcm(one) }) === cacheKey({ ...base, pcm: toPcm(other) })).toBe(
          same,
        );
      }),
    );
    fc.assert(
      fc.property(samples, fc.nat(), (values, at) => {
        const index = at % values.length;
        const changed = values.with(index, values[index]! === 32_767 ? 32_766 : values[index]! + 1);
        expect(cacheKey({ ...base, pcm: toPcm(changed) })).not.toBe(
          cacheKey({ ...base, pcm: toPcm(values) }),
        );
      }),
    );
  });

  it('does not hang on what 16 bits cannot hold, nor on where the samples lie in memory', () => {
    fc.assert(
      fc.property(
        samples,
        fc.double({ min: -0.49, max: 0.49, noNaN: true, noDefaultInfinity: true }),
        (values, off) => {
          const near = Float32Array.from(values, (value) => (value + off) / 32_768);
          const inside = new Float32Array([9, ...toPcm(values), 9]).subarray(1, values.length + 1);
          const key = cacheKey({ ...base, pcm: toPcm(values) });
          expect(cacheKey({ ...base, pcm: near })).toBe(key);
          expect(cacheKey({ ...base, pcm: inside })).toBe(key);
        },
      ),
    );
  });

  it('takes samples beyond full scale as full scale', () => {
    expect(cacheKey({ ...base, pcm: Float32Array.of(2, -2) })).toBe(
      cacheKey({ ...base, pcm: Float32Array.of(32_767 / 32_768, -1) }),
    );
  });

  it('hangs on the model and on its graph', () => {
    const keys = [
      cacheKey(base),
      cacheKey({ ...base, modelId: 'whisper-tiny-int8' }),
      cacheKey({ ...base, modelSha256: 'b'.repeat(64) }),
      cacheKey({ ...base, modelSha256: undefined }),
    ];
    expect(new Set(keys).size).toBe(keys.length);
  });

  const changes: Required<DecodingInput> = {
    language: 'de',
    task: 'translate',
    prompt: 'hello',
    hotwords: ['Kraftwerk'],
    words: true,
    shortContext: false,
    temperatures: [0],
    compressionRatioThreshold: 2.5,
    logprobThreshold: -0.5,
    noSpeechThreshold: 0.5,
    seed: 1,
  };

  it('hangs on every option there is', () => {
    expect(Object.keys(changes).sort()).toEqual(Object.keys(DecodingOptions.shape).sort());
    const keys = Object.entries(changes).map(([name, value]) =>
      cacheKey({ ...base, options: { [name]: value } }),
    );
    expect(new Set([cacheKey(base), ...keys]).size).toBe(keys.length + 1);
  });

  it('does not hang on the order of the options, nor on defaults being written out', () => {
    fc.assert(
      fc.property(
        fc.shuffledSubarray(Object.keys(changes) as (keyof DecodingInput)[]),
        fc.boolean(),
        (names, spelled) => {
          const inOrder = Object.fromEntries(names.toSorted().map((name) => [name, changes[name]]));
          const shuffled = Object.fromEntries(names.map((name) => [name, changes[name]]));
          const options = spelled ? DecodingOptions.parse(shuffled) : shuffled;
          expect(cacheKey({ ...base, options })).toBe(cacheKey({ ...base, options: inOrder }));
        },
      ),
    );
  });

  it('tells hints apart that look alike when joined', () => {
    const hotwords = (...words: string[]) => cacheKey({ ...base, options: { hotwords: words } });
    expect(new Set([hotwords('a,b'), hotwords('a', 'b'), hotwords('b', 'a'), hotwords('ab')]).size).toBe(4);
  });

  it('refuses options that the engine would refuse', () => {
    const options = { temprature: 0 } as DecodingInput;
    expect(() => cacheKey({ ...base, options })).toThrow(/decoding options are wrong: .*temprature/);
  });
});
