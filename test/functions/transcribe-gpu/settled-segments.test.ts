import { MurmurationError } from '@murmuration/pipeline/errors';
import type { Engine, SettledSegment } from '@murmuration/pipeline/ports';
import { expect, it } from 'vitest';
import { defaultPolicy } from '../../../functions/transcribe-gpu/batching/batching-policy.ts';
import { createBatcher } from '../../../functions/transcribe-gpu/batching/create-batcher.ts';
import { openThreadedEngine } from '../../../functions/transcribe-gpu/devices/threaded-engine.ts';
import { recording, tinyModel } from '../../engine/recordings.ts';
import { deviceOf, fakeEngine, segmentOf, silentObserver } from './fake-engine.ts';

/** Settles all segments of a batch of three but the one that is heard as 3, which is heard again until `ended`. */
function hearsAgain(ended: () => Promise<void>) {
  const engine = fakeEngine();
  const transcribe: Engine['transcribe'] = async (segments, options, signal, settled) => {
    const transcripts = await engine.transcribe(segments, options, signal);
    if (segments.length === 3) {
      const all = transcripts.map((transcript, index) => ({ index, transcript }));
      settled?.(all.filter(({ transcript }) => transcript.text !== '3'));
      await ended();
    }
    return transcripts;
  };
  return { ...engine, transcribe };
}

/** Two calls in one batch: of two segments that settle, and of one that is heard again. */
function twoCalls(ended: () => Promise<void>) {
  const engine = hearsAgain(ended);
  const policy = { ...defaultPolicy, gatherMilliseconds: 1e9 };
  const batcher = createBatcher([deviceOf(engine, { mostSegments: 3 })], policy, {
    observer: silentObserver,
  });
  const worked: number[] = [];
  const good = batcher.transcribe('a', [segmentOf(1), segmentOf(2)], {}, undefined, (seconds) =>
    worked.push(...seconds),
  );
  return { engine, good, worked, bad: batcher.transcribe('b', [segmentOf(3)]) };
}

it('answers a call while a segment of another one, in the same batch, is heard again', async () => {
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const { good, bad, worked } = twoCalls(() => ended);
  const isAnswered = { bad: false };
  bad.then(() => {
    isAnswered.bad = true;
  });
  expect((await good).map(({ text }) => text)).toEqual(['1', '2']);
  expect(worked).toEqual([expect.any(Number), worked[0]]);
  expect(isAnswered.bad).toBe(false);
  end();
  expect((await bad).map(({ text }) => text)).toEqual(['3']);
});

it('hears nothing a second time that was settled before memory ran out', async () => {
  const { engine, good, bad } = twoCalls(async () => {
    throw new MurmurationError('out-of-memory', 'too much');
  });
  expect((await good).map(({ text }) => text)).toEqual(['1', '2']);
  expect((await bad).map(({ text }) => text)).toEqual(['3']);
  const [all, again] = engine.batches;
  expect([all!.toSorted(), again]).toEqual([[1, 2, 3], [3]]);
});

it('comes out of the thread of a real engine, as the result has it', async () => {
  const engine = await openThreadedEngine({ modelFolder: tinyModel, batchSize: 2 });
  const sounds = [await recording('jfk.flac'), await recording('whats-the-weather-like.mp3')];
  const decoding = { language: 'en', noSpeechThreshold: 1, temperatures: [0, 0.2] };
  const [first, second] = await engine.transcribe(sounds, { ...decoding, temperatures: [0] });
  // One of the two is below, and is heard again
  const logprobThreshold = (first!.avgLogprob + second!.avgLogprob) / 2;
  const told: SettledSegment[] = [];
  const heard = await engine.transcribe(sounds, { ...decoding, logprobThreshold }, undefined, (segments) =>
    told.push(...segments),
  );
  await engine.close();
  const index = first!.avgLogprob > second!.avgLogprob ? 0 : 1;
  expect(told).toEqual([{ index, transcript: heard[index] }]);
});
