import { emfMeter } from '@murmuration/pipeline/adapters/emf-meter';
import { openCache } from '@murmuration/pipeline/adapters/open-cache';
import { fillFromSixteenBit, fromSixteenBit, toSixteenBit } from '@murmuration/pipeline/audio/sixteen-bit';
import { JobOptions } from '@murmuration/pipeline/contract/job';
import { CacheEnvironment, DoorEnvironment } from '@murmuration/pipeline/environment';
import { failureInWords } from '@murmuration/pipeline/jobs/failure-in-words';
import { inferenceIdOf, jobOfInference } from '@murmuration/pipeline/jobs/inference-id';
import { jobIdOf } from '@murmuration/pipeline/jobs/job-id';
import { parseEnvironment } from '@murmuration/pipeline/parse-environment';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AggregatorEnv } from '../../functions/aggregator/env.ts';

describe('16 bits', () => {
  it('are the same bytes after they were samples', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1000 }), (bytes) => {
        const whole = bytes.subarray(0, bytes.length - (bytes.length % 2));
        expect(toSixteenBit(fromSixteenBit(whole))).toEqual(Buffer.from(whole));
      }),
    );
  });

  it('are samples wherever in memory they lie, half of one at their end left out', () => {
    const bytes = Uint8Array.of(9, 0, 1, 0, 2, 255, 127, 9);
    const samples = Float32Array.of(256 / 32768, 512 / 32768, 32767 / 32768);
    expect(fromSixteenBit(bytes.subarray(1))).toEqual(samples);
    const into = new Float32Array(new SharedArrayBuffer(12));
    expect([...fillFromSixteenBit(bytes.slice(1), into)]).toEqual([...samples]);
  });

  it('clip what is beyond full scale', () => {
    expect(fromSixteenBit(toSixteenBit(Float32Array.of(1, -1, 2, -2, 0)))).toEqual(
      Float32Array.of(32767 / 32768, -1, 32767 / 32768, -1, 0),
    );
  });
});

describe('a job id', () => {
  const options = JobOptions.parse({});
  const input = { sourceKey: 'uploads/a.wav', etag: 'e', options, model: 'm' };

  it('is the same for the same upload, in whatever order its options stand', () => {
    const { decoding } = options;
    const reversed = Object.fromEntries(Object.entries(decoding).reverse()) as typeof decoding;
    const formats = [...options.formats].reverse();
    const same = { ...input, options: { ...options, decoding: reversed, formats } };
    expect(jobIdOf(same)).toBe(jobIdOf(input));
    expect(jobIdOf(input)).toMatch(/^[0-9a-f]{32}$/);
  });

  it('is another for another key, content, model or option', () => {
    const others = [
      { sourceKey: 'uploads/b.wav' },
      { etag: 'f' },
      { model: 'n' },
      { options: { ...options, channels: 'separate' as const } },
      { options: { ...options, preprocess: 'drc' as const } },
      { options: { ...options, formats: ['txt' as const] } },
      { options: JobOptions.parse({ decoding: { seed: 1 } }) },
    ];
    const ids = [input, ...others.map((other) => ({ ...input, ...other }))].map(jobIdOf);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe('an inference id', () => {
  const batch = { jobId: 'a'.repeat(32), index: 999_999 };

  it('is another for another token, and tells its job', () => {
    const id = inferenceIdOf(batch, 'token');
    expect(id).toBe(inferenceIdOf(batch, 'token'));
    expect(id).not.toBe(inferenceIdOf(batch, 'another'));
    expect(id.length).toBeLessThanOrEqual(64);
    expect(jobOfInference(id)).toBe(batch.jobId);
  });

  it.each(['', 'a', `../../${'a'.repeat(32)}-0-${'0'.repeat(12)}`, `${'a'.repeat(32)}-0-${'0'.repeat(13)}`])(
    'is none of ours: %j',
    (id) => expect(jobOfInference(id)).toBeUndefined(),
  );
});

describe('a state that broke', () => {
  it.each([
    ['States.Timeout', undefined, 'it took longer than it may'],
    ['Error', '{"errorType":"Error","errorMessage":"no disk","trace":["at x"]}', 'no disk'],
    ['Lambda.Unknown', 'the function was killed', 'the function was killed'],
    ['Lambda.Unknown', '', 'it broke with Lambda.Unknown'],
    ['Lambda.Unknown', undefined, 'it broke with Lambda.Unknown'],
  ])('is told in words: %s %s', (name, cause, reason) => {
    const failure = cause === undefined ? { Error: name } : { Error: name, Cause: cause };
    expect(failureInWords(failure)).toEqual({ code: name, reason });
  });
});

describe('the environment of a door', () => {
  it('has defaults, also for what is set to nothing', () => {
    expect(parseEnvironment(DoorEnvironment, { BUCKET: 'kit', LOG_LEVEL: '', HOME: '/root' })).toEqual({
      BUCKET: 'kit',
      METRICS_NAMESPACE: 'Murmuration',
      LOG_LEVEL: 'INFO',
    });
  });

  it('names all that is wrong, and no value', () => {
    const wrong = { LOG_LEVEL: 'a secret' };
    expect(() => parseEnvironment(DoorEnvironment, wrong)).toThrow(/BUCKET: .*LOG_LEVEL: /);
    expect(() => parseEnvironment(DoorEnvironment, wrong)).not.toThrow(/a secret/);
  });

  it('takes a price table', () => {
    const parse = (table: string) => parseEnvironment(AggregatorEnv, { BUCKET: 'kit', PRICE_TABLE: table });
    expect(parse('{"gpu":0.0004,"cpu":0.00003}').PRICE_TABLE).toEqual({ gpu: 0.0004, cpu: 0.000_03 });
    for (const table of ['free', '{"gpu":1}', '{"gpu":-1,"cpu":1}'])
      expect(() => parse(table)).toThrow(/PRICE_TABLE/);
  });

  it('has a cache where one is named, with a token somewhere', () => {
    const open = (environment: Record<string, string>) =>
      openCache(parseEnvironment(CacheEnvironment, environment), { add: () => undefined });
    expect(open({})).toBeUndefined();
    expect(() => open({ CACHE_URL: 'https://cache.example' })).toThrow(/CACHE_TOKEN/);
    expect(open({ CACHE_URL: 'http://127.0.0.1:1', CACHE_TOKEN_PARAMETER: '/kit/token' })).toBeDefined();
  });
});

describe('a metric', () => {
  it('of many values keeps each of them, 100 in a line', () => {
    const lines: string[] = [];
    const meter = emfMeter({ write: (line) => lines.push(line) });
    const values = Array.from({ length: 101 }, (_, index) => index);
    meter.add('SegmentLatency', values, 'Milliseconds', { lane: 'gpu' });
    expect(lines.map((line) => JSON.parse(line).SegmentLatency)).toEqual([values.slice(0, 100), [100]]);
    expect(JSON.parse(lines[1]!)).toMatchObject({ lane: 'gpu', _aws: { CloudWatchMetrics: [{}] } });
    meter.add('SegmentLatency', [], 'Milliseconds');
    expect(lines).toHaveLength(2);
  });

  it('is a line of the embedded metric format', () => {
    const lines: string[] = [];
    const meter = emfMeter({ write: (line) => lines.push(line), clock: () => 5 });
    meter.add('BatchErrors', 1, 'Count', { lane: 'gpu' });
    meter.add('AudioSeconds', 11, 'Seconds');
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      {
        _aws: {
          Timestamp: 5,
          CloudWatchMetrics: [
            {
              Namespace: 'Murmuration',
              Dimensions: [['lane']],
              Metrics: [{ Name: 'BatchErrors', Unit: 'Count' }],
            },
          ],
        },
        lane: 'gpu',
        BatchErrors: 1,
      },
      {
        _aws: {
          Timestamp: 5,
          CloudWatchMetrics: [
            {
              Namespace: 'Murmuration',
              Dimensions: [[]],
              Metrics: [{ Name: 'AudioSeconds', Unit: 'Seconds' }],
            },
          ],
        },
        AudioSeconds: 11,
      },
    ]);
  });
});
