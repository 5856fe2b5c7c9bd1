import { DecodingOptions } from '@murmuration/pipeline/contract/decoding';
import { SegmentTranscript } from '@murmuration/pipeline/contract/transcript';
import type { Engine } from '@murmuration/pipeline/ports';
import { cascade } from '@murmuration/whisper/cascade';
import { describe, expect, it } from 'vitest';
import { segmentOf } from './factories/transcript.ts';

/** Segments are told apart by their first sample. */
const segment = (mark: number) => new Float32Array(16_000).fill(mark);

/** Plays `script` by the segment's mark and keeps what it was asked. */
function engineOf(modelId: string, script: (mark: number) => Partial<SegmentTranscript>) {
  const calls: { marks: number[]; options: DecodingOptions }[] = [];
  let closed = 0;
  const engine: Engine = {
    modelId,
    modelSha256: modelId,
    timesWords: true,
    async transcribe(segments, options) {
      const marks = segments.map((pcm) => pcm[0]!);
      calls.push({ marks, options: DecodingOptions.parse(options) });
      return marks.map((mark) => segmentOf({ text: `${modelId} ${mark}`, ...script(mark) }));
    },
    async close() {
      closed += 1;
    },
  };
  return { engine, calls, timesClosed: () => closed };
}

const doubtful = { avgLogprob: -0.9 };
const loop = { fault: 'repetition', avgLogprob: -0.05 } as const;
const refused = { fault: 'avg-logprob', avgLogprob: -1.4 } as const;

function cascadeOf(...scripts: ((mark: number) => Partial<SegmentTranscript>)[]) {
  const [first, ...more] = scripts.map((script, place) =>
    engineOf(['small', 'medium', 'large'][place]!, script),
  );
  const rungs = more.map(({ engine }) => ({ engine, averageLogprobBelow: -0.6 }));
  return { first: first!, more, engine: cascade(first!.engine, rungs) };
}

describe('the cascade', () => {
  it('asks the next model only for what the first is not sure of, and answers in order', async () => {
    const { engine, first, more } = cascadeOf(
      (mark) => (mark === 2 ? doubtful : mark === 4 ? loop : {}),
      () => ({}),
    );
    const heard = await engine.transcribe([1, 2, 3, 4].map(segment));
    expect(first.calls.map(({ marks }) => marks)).toEqual([[1, 2, 3, 4]]);
    expect(more[0]!.calls.map(({ marks }) => marks)).toEqual([[2, 4]]);
    expect(heard.map(({ text }) => text)).toEqual(['small 1', 'medium 2', 'small 3', 'medium 4']);
    expect(heard.map(({ model }) => model)).toEqual([undefined, 'medium', undefined, 'medium']);
    for (const transcript of heard) expect(SegmentTranscript.parse(transcript)).toEqual(transcript);
  });

  it('tells of what a model is sure of before the next one is asked', async () => {
    const { engine, more } = cascadeOf(
      (mark) => (mark > 1 ? doubtful : {}),
      (mark) => (mark > 2 ? doubtful : {}),
      () => ({}),
    );
    const told: unknown[] = [];
    const heard = await engine.transcribe([1, 2, 3].map(segment), {}, undefined, (settled) =>
      told.push([...settled, more.map(({ calls }) => calls.length)]),
    );
    expect(told).toEqual([
      [{ index: 0, transcript: heard[0] }, [0, 0]],
      [{ index: 1, transcript: heard[1] }, [1, 0]],
    ]);
  });

  it('says which attempts were passed over, and whose they were', async () => {
    const { engine } = cascadeOf(
      () => ({
        ...loop,
        fallbacks: [{ context: 'short', temperature: 0, reason: 'token-limit' }],
        context: 'full',
      }),
      () => ({ fallbacks: [{ context: 'short', temperature: 0, reason: 'repetition' }] }),
    );
    const [heard] = await engine.transcribe([segment(1)]);
    expect(heard!.fallbacks).toEqual([
      { context: 'short', temperature: 0, reason: 'token-limit' },
      { context: 'full', temperature: 0, reason: 'repetition' },
      { context: 'short', temperature: 0, reason: 'repetition', model: 'medium' },
    ]);
  });

  it('raises the temperature with the last model alone', async () => {
    const { engine, first, more } = cascadeOf(
      () => doubtful,
      () => doubtful,
      () => ({}),
    );
    await engine.transcribe([segment(1)], { temperatures: [0, 0.4, 0.8] });
    const asked = [first, ...more].map(({ calls }) => calls[0]!.options.temperatures);
    expect(asked).toEqual([[0], [0], [0, 0.4, 0.8]]);
  });

  it('stops at the first model that is sure', async () => {
    const { engine, more } = cascadeOf(
      () => doubtful,
      (mark) => (mark === 2 ? doubtful : {}),
      () => ({}),
    );
    const heard = await engine.transcribe([1, 2].map(segment));
    expect(more[1]!.calls.map(({ marks }) => marks)).toEqual([[2]]);
    expect(heard.map(({ text }) => text)).toEqual(['medium 1', 'large 2']);
  });

  it('is the first model alone where one temperature is wanted', async () => {
    const { engine, more } = cascadeOf(
      () => loop,
      () => ({}),
    );
    const [heard] = await engine.transcribe([segment(1)], { temperatures: [0] });
    expect(heard!.text).toBe('small 1');
    expect(more[0]!.calls).toEqual([]);
  });

  it('takes silence for an answer', async () => {
    const { engine, more } = cascadeOf(
      () => ({ text: '', avgLogprob: -1.5, noSpeechProbability: 0.9 }),
      () => ({}),
    );
    await engine.transcribe([segment(1)]);
    expect(more[0]!.calls).toEqual([]);
  });

  it.each<[string, Partial<SegmentTranscript>, Partial<SegmentTranscript>, string]>([
    ['a doubtful text to a loop of the better model', doubtful, loop, 'small 1'],
    ['an unlikely text to a loop of the better model', refused, loop, 'small 1'],
    ['the better model where both loop', loop, loop, 'medium 1'],
    ['the better model where both are unlikely', refused, refused, 'medium 1'],
    ['the better model where both are without fault', doubtful, { avgLogprob: -0.95 }, 'medium 1'],
  ])('prefers %s', async (_, small, medium, text) => {
    const { engine } = cascadeOf(
      () => small,
      () => medium,
    );
    const [heard] = await engine.transcribe([segment(1)]);
    expect(heard!.text).toBe(text);
    expect(heard!.fallbacks).toHaveLength(1);
  });

  it('hears in English what an English-only model heard first', async () => {
    const small = engineOf('small.en', () => doubtful);
    const large = engineOf('large', () => ({}));
    const engine = cascade(small.engine, [{ engine: large.engine, averageLogprobBelow: -0.6 }], 'en');
    await engine.transcribe([segment(1)]);
    expect([small, large].map(({ calls }) => calls[0]!.options.language)).toEqual(['auto', 'en']);
  });

  it('is another model to a cache with another ladder, or another limit', () => {
    const engines = () => ['small', 'large', 'other'].map((id) => engineOf(id, () => ({})).engine);
    const shaOf = (place: number, averageLogprobBelow: number) => {
      const all = engines();
      return cascade(all[0]!, [{ engine: all[place]!, averageLogprobBelow }]).modelSha256;
    };
    expect(shaOf(1, -0.6)).toBe(shaOf(1, -0.6));
    expect(new Set([shaOf(1, -0.6), shaOf(1, -0.5), shaOf(2, -0.6), 'small']).size).toBe(4);
    expect(shaOf(1, -0.6)).toMatch(/^[0-9a-f]{64}$/);
  });

  it('closes all of its models', async () => {
    const { engine, first, more } = cascadeOf(
      () => ({}),
      () => ({}),
    );
    await engine.close();
    expect([first, ...more].map(({ timesClosed }) => timesClosed())).toEqual([1, 1]);
  });
});
