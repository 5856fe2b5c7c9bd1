import { SegmentTranscript } from '@murmuration/pipeline/contract/transcript';
import { createEngine } from '@murmuration/whisper/engine';
import type { Manifest } from '@murmuration/whisper/manifest';
import { describe, expect, it } from 'vitest';
import { bytesOf, englishOnly, manifestOf, modelFolderOf } from './factories/whisper-model.ts';
import { fakeSession, type RowScript } from './factories/whisper-session.ts';

const clip = (seconds: number, value = 0.1) => new Float32Array(Math.round(seconds * 16_000)).fill(value);
const hello: RowScript = { tokens: bytesOf(' hello') };

async function engineOf(
  script: Parameters<typeof fakeSession>[0] = () => hello,
  manifest: Manifest = englishOnly(),
  options: { batchSize?: number } = {},
) {
  const fake = fakeSession(script);
  const modelFolder = await modelFolderOf(manifest);
  const engine = await createEngine({ modelFolder, ...options }, { openSession: async () => fake.session });
  return { engine, ...fake };
}

describe('the engine', () => {
  it('answers with what the contract asks for', async () => {
    const { engine } = await engineOf();
    const [segment] = await engine.transcribe([clip(2)], { words: true });
    expect(SegmentTranscript.parse(segment)).toEqual(segment);
    expect(segment).toMatchObject({
      startSeconds: 0,
      endSeconds: 2,
      text: 'hello',
      tokens: bytesOf(' hello'),
      language: 'en',
      languageProbability: 1,
      temperature: 0,
      context: 'short',
      fallbacks: [],
    });
    expect(segment!.avgLogprob).toBeCloseTo(-0.2);
    expect(segment!.words!.map((word) => word.text)).toEqual([' hello']);
  });

  it('pads each run to its longest row and tells the graph what each row keeps', async () => {
    const { engine, requests } = await engineOf();
    await engine.transcribe([clip(4), clip(2)]);
    const [request] = requests;
    expect(request).toMatchObject({
      rows: 2,
      lengths: [150, 250],
      silenceStride: 16,
      prompts: [
        [259, 267],
        [259, 267],
      ],
      maxNewTokens: [32, 48],
      temperatures: [0, 0],
      alignment: false,
      timestamps: false,
    });
    expect(request!.pcm.length / 2 / 320).toBe(250 + Math.ceil(1250 / 16));
    expect(request!.pcm.subarray(0, 32_001).filter((value) => value !== 0)).toHaveLength(32_000);
  });

  it('runs rows of similar length together and answers in the order it was asked', async () => {
    const { engine, requests } = await engineOf(
      (request, row) => ({ tokens: bytesOf(` ${request.lengths[row]}`) }),
      englishOnly(),
      { batchSize: 2 },
    );
    const segments = await engine.transcribe([clip(9), clip(1), clip(8), clip(2), clip(5)]);
    expect(requests.map((request) => request.lengths)).toEqual([[100, 150], [300, 450], [500]]);
    expect(segments.map((segment) => segment.text)).toEqual(['500', '100', '450', '150', '300']);
  });

  it('spends no run on silence or on less than a tenth of a second', async () => {
    const { engine, requests } = await engineOf(() => hello, manifestOf());
    const segments = await engine.transcribe([clip(5, 0), clip(1), clip(0.09)], { words: true });
    expect(requests).toHaveLength(1);
    expect(requests[0]!.rows).toBe(1);
    expect(segments.map((segment) => segment.text)).toEqual(['', 'hello', '']);
    expect(segments[0]).toEqual({
      startSeconds: 0,
      endSeconds: 5,
      text: '',
      tokens: [],
      words: [],
      language: 'und',
      languageProbability: 0,
      avgLogprob: 0,
      compressionRatio: 0,
      noSpeechProbability: 1,
      temperature: 0,
      context: 'short',
      fallbacks: [],
    });
    SegmentTranscript.parse(segments[0]);
  });

  it('keeps what it heard in silence apart', async () => {
    const { engine } = await engineOf(() => ({ ...hello, logprob: -1.5, probes: [0.9] }));
    const [segment] = await engine.transcribe([clip(2)], { words: true });
    expect(segment).toMatchObject({
      text: '',
      tokens: [],
      words: [],
      dropped: { reason: 'no-speech', text: 'hello' },
    });
  });

  it('draws other noise for each temperature and each seed, and the same for the same', async () => {
    const { engine, requests } = await engineOf(() => ({ ...hello, logprob: -2 }), englishOnly(), {
      batchSize: 8,
    });
    const seedsOf = async (seed: number) => {
      requests.length = 0;
      await engine.transcribe([clip(2)], { seed });
      return requests.at(-1)!.seeds;
    };
    const first = await seedsOf(7);
    expect(new Set(first).size).toBe(5);
    expect(await seedsOf(7)).toEqual(first);
    expect((await seedsOf(8)).some((seed) => first.includes(seed))).toBe(false);
    expect(requests.map((request) => request.temperatures.map((t) => Math.round(t * 10)))).toEqual([
      [0],
      [0],
      [2, 4, 6, 8, 10],
    ]);
  });

  it('stops a loop at the token limit and says so', async () => {
    const { engine } = await engineOf((request, row) => ({
      tokens:
        request.temperatures[row] === 0
          ? Array.from({ length: 500 }, (_, i) => 33 + (i % 90))
          : bytesOf(' ok'),
    }));
    const [segment] = await engine.transcribe([clip(2)]);
    expect(segment!.text).toBe('ok');
    expect(segment!.fallbacks).toEqual([
      { context: 'short', temperature: 0, reason: 'token-limit' },
      { context: 'full', temperature: 0, reason: 'token-limit' },
    ]);
  });

  it('never asks for more tokens than the decoder has places', async () => {
    const { engine, requests } = await engineOf();
    await engine.transcribe([clip(30)], { prompt: 'x'.repeat(500) });
    const { prompts, maxNewTokens } = requests[0]!;
    expect(prompts[0]).toHaveLength(226);
    expect(prompts[0]!.length + maxNewTokens[0]!).toBeLessThanOrEqual(448);
  });

  it('gives a CUDA graph half the window or all of it, and never both in one run', async () => {
    const cuda = englishOnly();
    const { engine, requests } = await engineOf(() => hello, {
      ...cuda,
      graph: { ...cuda.graph, target: 'cuda' },
    });
    const segments = await engine.transcribe([clip(2), clip(20), clip(5)]);
    expect(requests.map(({ pcm, rows }) => [pcm.length, rows])).toEqual([
      [2 * 240_000, 2],
      [480_000, 1],
    ]);
    expect(segments.map(({ context }) => context)).toEqual(['short', 'full', 'short']);
  });
});

describe('the language', () => {
  const german: RowScript = { ...hello, probes: [0, 0.1, 0.3, 0.1] };

  it('is detected in the same run', async () => {
    const { engine, requests } = await engineOf(() => german, manifestOf());
    const [segment] = await engine.transcribe([clip(2)]);
    expect(requests).toHaveLength(1);
    expect(requests[0]).toMatchObject({
      forced: [-1, 264, 267],
      prompts: [[259]],
      probeTokens: [266, 260, 261, 262],
    });
    expect(segment).toMatchObject({ text: 'hello', tokens: bytesOf(' hello'), language: 'de' });
    expect(segment!.languageProbability).toBeCloseTo(0.6);
    expect(segment!.avgLogprob).toBeCloseTo(-0.2);
  });

  it('is as asked for, whatever the model believes', async () => {
    const { engine } = await engineOf(() => german, manifestOf());
    const [segment] = await engine.transcribe([clip(2)], { language: 'Japanese' });
    expect(segment).toMatchObject({ language: 'ja', languageProbability: 1 });
  });

  it('stays the detected one when the ladder is climbed', async () => {
    const { engine, requests } = await engineOf(() => ({ ...german, logprob: -2 }), manifestOf(), {
      batchSize: 5,
    });
    await engine.transcribe([clip(2)]);
    expect(requests.map((request) => request.prompts[0])).toEqual([
      [259],
      [259, 261, 264, 267],
      [259, 261, 264, 267],
    ]);
  });

  it('is found greedily where the first temperature would draw it', async () => {
    const { engine, requests } = await engineOf(() => german, manifestOf());
    await engine.transcribe([clip(2)], { temperatures: [0.5] });
    expect(
      requests.map((request) => [request.temperatures[0], request.maxNewTokens[0], request.prompts[0]]),
    ).toEqual([
      [0, 4, [259]],
      [0.5, 64, [259, 261, 264, 267]],
    ]);
  });
});

describe('bad input', () => {
  it.each<[string, Float32Array, string, RegExp]>([
    ['no samples', clip(0), 'audio-invalid', /segment 1 has 0 samples/],
    ['a NaN', clip(1).fill(Number.NaN, 77, 78), 'audio-invalid', /sample 77 of segment 1 is NaN/],
    ['an infinity', clip(1).fill(-Infinity, 5, 6), 'audio-invalid', /sample 5 of segment 1 is -Infinity/],
    ['40 s', clip(40), 'audio-too-long', /segment 1 is 40\.0 s long.*at most 30 s.*murmuration transcribe/],
  ])('%s gets one clear line and no run', async (_, pcm, code, message) => {
    const { engine, requests } = await engineOf();
    await expect(engine.transcribe([clip(1), pcm])).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
    expect(requests).toHaveLength(0);
  });

  it('takes 30 s exactly', async () => {
    const { engine } = await engineOf();
    expect((await engine.transcribe([clip(30)]))[0]).toMatchObject({ text: 'hello', context: 'full' });
  });

  it('names the option that is wrong', async () => {
    const { engine } = await engineOf();
    const wrong = { temperatures: [2] };
    await expect(engine.transcribe([clip(1)], wrong)).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringContaining('temperatures'),
    });
  });

  it('refuses a wrong language and an impossible task even for silence', async () => {
    const { engine } = await engineOf();
    await expect(engine.transcribe([clip(1, 0)], { language: 'de' })).rejects.toMatchObject({
      code: 'language-unknown',
    });
    await expect(engine.transcribe([clip(1, 0)], { task: 'translate' })).rejects.toMatchObject({
      code: 'invalid-argument',
    });
  });

  it('says that a model without alignment heads cannot time words', async () => {
    const { engine } = await engineOf(() => hello, { ...englishOnly(), alignmentHeads: [] });
    await expect(engine.transcribe([clip(1)], { words: true })).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringContaining('alignment heads'),
    });
  });

  it('refuses a batch size that is no number of rows', async () => {
    await expect(engineOf(() => hello, englishOnly(), { batchSize: 0 })).rejects.toMatchObject({
      code: 'invalid-argument',
    });
  });
});

describe('stopping', () => {
  it('ends between two runs when it is aborted', async () => {
    const controller = new AbortController();
    const { engine, requests } = await engineOf(
      () => {
        controller.abort(new Error('enough'));
        return hello;
      },
      englishOnly(),
      { batchSize: 1 },
    );
    await expect(engine.transcribe([clip(1), clip(2)], {}, controller.signal)).rejects.toMatchObject({
      code: 'aborted',
      cause: new Error('enough'),
    });
    expect(requests).toHaveLength(1);
  });

  it('waits for work before it closes, closes once, and refuses work after that', async () => {
    const { engine, timesClosed } = await engineOf();
    const work = engine.transcribe([clip(1)]);
    const closing = Promise.all([engine.close(), engine.close()]);
    await expect(engine.transcribe([clip(1)])).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringContaining('closed'),
    });
    expect((await work)[0]!.text).toBe('hello');
    await closing;
    expect(timesClosed()).toBe(1);
  });

  it('closes after work that failed, too', async () => {
    const { engine, timesClosed } = await engineOf(() => {
      throw new Error('boom');
    });
    const work = engine.transcribe([clip(1)]);
    await engine.close();
    await expect(work).rejects.toThrow('boom');
    expect(timesClosed()).toBe(1);
  });
});
