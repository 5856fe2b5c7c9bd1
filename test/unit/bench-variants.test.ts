import type { Engine } from '@murmuration/pipeline/ports';
import { expect, it } from 'vitest';
import { measureVariants, type Variant } from '../bench/variants.ts';
import { variantsTable } from '../bench/variants-table.ts';
import { segmentOf } from './factories/transcript.ts';

const clips = [
  { file: 'a.wav', text: 'north east south west', pcm: new Float32Array(32_000) },
  { file: 'noise.wav', text: '', pcm: new Float32Array(16_000) },
];

/** Cuts every second, and writes `text` for each segment. */
function variantOf(name: string, text: string, calls: string[]): Variant {
  const engine: Engine = {
    modelId: name,
    modelSha256: '',
    timesWords: false,
    async transcribe(segments) {
      calls.push(`${name} ${segments.length}`);
      return segments.map((_, index) =>
        segmentOf({ text, endSeconds: 1, ...(index === 0 && { model: 'large' }) }),
      );
    },
    close: async () => undefined,
  };
  return {
    name,
    engine,
    async cut({ pcm }) {
      const starts = Array.from({ length: pcm.length / 16_000 }, (_, second) => second * 16_000);
      return starts.map((startSample) => ({
        startSample,
        endSample: startSample + 16_000,
        overlapSamples: 0,
        speech: undefined,
        pcm: pcm.subarray(startSample, startSample + 16_000),
      }));
    },
  };
}

it('runs every variant in every round after all were warmed up, and scores what each heard', async () => {
  const calls: string[] = [];
  const variants = [variantOf('full', 'north east', calls), variantOf('short', 'north', calls)];
  const figures = await measureVariants(variants, clips, 2);
  expect(calls).toEqual(['full 3', 'short 3', 'full 3', 'short 3', 'full 3', 'short 3']);
  expect(figures[0]).toMatchObject({
    variant: 'full',
    // north east north east
    wordErrorPercent: 50,
    words: 4,
    noiseWords: 2,
    segments: 3,
    segmentSeconds: 3,
    audioSeconds: 3,
    escalated: 1,
  });
  expect(figures[1]).toMatchObject({ variant: 'short', wordErrorPercent: 75, noiseWords: 1 });
});

it('can hear a recording as the kit does, guards included', async () => {
  const calls: string[] = [];
  const variant = { ...variantOf('kit', 'north', calls), isWhole: true };
  const [figures] = await measureVariants([variant], clips, 1);
  // Recordings of one segment, then those of several
  expect(calls.slice(-2)).toEqual(['kit 1', 'kit 2']);
  expect(figures).toMatchObject({ wordErrorPercent: 75, segments: 3, escalated: 2 });
});

it('tells speed as times the first variant, by the time of the processor', async () => {
  const [figures] = await measureVariants([variantOf('full', 'north', [])], clips, 1);
  const slow = { ...figures!, engineCpuSeconds: 4 };
  const fast = { ...figures!, variant: 'short', engineCpuSeconds: 1 };
  const lines = variantsTable('set', [slow, fast]).trim().split('\n');
  expect(lines).toHaveLength(4);
  expect(lines[2]).toMatch(/^\| full \|.*\| 1\.00 × \|$/);
  expect(lines[3]).toMatch(/^\| short \|.*\| 4\.00 × \|$/);
});
