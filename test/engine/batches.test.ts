import type { Engine } from '@murmuration/pipeline/ports';
import { createEngine } from '@murmuration/whisper/engine';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { recording, tinyModel } from './recordings.ts';
import { withinRounding } from './within-rounding.ts';

let engine: Engine;
let clips: Float32Array[];
beforeAll(async () => {
  engine = await createEngine({ modelFolder: tinyModel, batchSize: 5 });
  const names = [
    'jfk.flac',
    'brooklyn-bridge.flac',
    'noise.wav',
    'librispeech-1995-1837-0001.wav',
    'hotwords.mp3',
  ];
  clips = await Promise.all(names.map(recording));
});
afterAll(() => engine.close());

const alone = async (options = {}) =>
  (await Promise.all(clips.map((clip) => engine.transcribe([clip], options)))).flat();

describe('a batch', () => {
  it('changes nothing in any of its rows, words included', async () => {
    const options = { words: true };
    expect(await engine.transcribe(clips, options)).toEqual(withinRounding(await alone(options)));
  });

  it('may stand in any order and be of any size', async () => {
    const expected = (await alone()).reverse();
    const pairs = await createEngine({ modelFolder: tinyModel, batchSize: 2 });
    expect(await pairs.transcribe(clips.toReversed())).toEqual(withinRounding(expected));
    await pairs.close();
  });

  it('changes nothing at full context or at a temperature', async () => {
    const options = { shortContext: false, temperatures: [0.7], seed: 3 };
    const expected = (await alone(options)).slice(0, 3);
    expect(await engine.transcribe(clips.slice(0, 3), options)).toEqual(withinRounding(expected));
  });

  it('is safe to ask for while another one runs', async () => {
    const [first, second] = await Promise.all([engine.transcribe(clips), engine.transcribe(clips.slice(1))]);
    expect(second).toEqual(withinRounding(first.slice(1)));
  });
});

describe('sampling', () => {
  const options = { temperatures: [1], logprobThreshold: -99, compressionRatioThreshold: 99 };
  const draw = async (seed: number) => (await engine.transcribe([clips[2]!], { ...options, seed }))[0]!;

  it('draws the same text for the same seed', async () => {
    expect(await draw(1)).toEqual(await draw(1));
  });

  it('draws other texts for other seeds', async () => {
    const texts = new Set<string>();
    for (let seed = 0; seed < 4; seed++) texts.add((await draw(seed)).text);
    expect(texts.size).toBeGreaterThan(1);
  });
});

it('climbs the ladder to its end when nothing is good enough, and reports it', async () => {
  const [segment] = await engine.transcribe([clips[4]!], { logprobThreshold: -0.0001, noSpeechThreshold: 1 });
  expect(segment!.fallbacks).toHaveLength(6);
  expect(new Set(segment!.fallbacks.map(({ reason }) => reason))).toEqual(new Set(['avg-logprob']));
  expect(segment!.text).not.toBe('');
});
