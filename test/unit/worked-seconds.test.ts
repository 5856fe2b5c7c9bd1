import { cacheKey } from '@murmuration/pipeline/cache/cache-key';
import { DecodingOptions } from '@murmuration/pipeline/contract/decoding';
import { hearBatch } from '@murmuration/pipeline/hearing/hear-batch';
import { measuredEngine } from '@murmuration/pipeline/hearing/measured-engine';
import type { Engine } from '@murmuration/pipeline/ports';
import { describe, expect, it } from 'vitest';
import { createDeviceWatch } from '../../functions/transcribe-gpu/batching/device-watch.ts';
import { segmentOf, wordsOf } from './factories/transcript.ts';

/** Takes 100 ms for each segment. */
function slowEngine() {
  let now = 0;
  const engine: Engine = {
    modelId: 'fake',
    modelSha256: 'f'.repeat(64),
    timesWords: true,
    async transcribe(pcms) {
      now += pcms.length * 100;
      const text = ' said at the start';
      return pcms.map(() => segmentOf({ text, endSeconds: 10, words: wordsOf(text) }));
    },
    async close() {},
  };
  return measuredEngine(engine, () => now);
}

const decoding = DecodingOptions.parse({ words: true, language: 'en' });
const pcm = new Float32Array(160_000).fill(0.1);

describe('what a device worked', () => {
  it('is told for each segment, and second looks only in the sum', async () => {
    const speech = [{ startSeconds: 0, endSeconds: 10 }];
    const heard = await hearBatch([{ pcm }, { pcm, speech }], decoding, { engine: slowEngine() });
    expect(heard.segmentSeconds).toEqual([0.1, 0.1]);
    expect(heard.engineSeconds).toBeCloseTo(0.3);
  });

  it('is nothing for what came from the cache', async () => {
    const kept = segmentOf();
    const cache = { get: async () => kept, set: async () => undefined };
    const heard = await hearBatch([{ pcm }], decoding, { engine: slowEngine(), cache });
    expect(heard).toMatchObject({ transcripts: [kept], cached: 1, segmentSeconds: [], engineSeconds: 0 });
  });

  it('is kept under the sha256 that came with the sound, which is hashed once on its way', async () => {
    const cache = { get: async () => segmentOf(), set: async () => undefined };
    const sha256 = 'e'.repeat(64);
    const engine = slowEngine();
    const { cacheKeys } = await hearBatch([{ pcm, sha256 }], decoding, { engine, cache });
    const { modelId, modelSha256 } = engine;
    const input = { pcm, pcmSha256: sha256, modelId, modelSha256, options: decoding };
    expect(cacheKeys).toEqual([cacheKey(input)]);
  });

  it('is the time that passed, however many batches were under way', () => {
    let now = 0;
    const watch = createDeviceWatch(() => now);
    const first = watch.start();
    now = 10;
    const second = watch.start();
    now = 100;
    expect(first()).toBe(100);
    now = 150;
    expect(second()).toBe(50);
    now = 200;
    const third = watch.start();
    now = 230;
    expect(third()).toBe(30);
  });
});
