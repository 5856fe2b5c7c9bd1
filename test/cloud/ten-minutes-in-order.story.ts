import { expect, it } from 'vitest';
import { acceptedInferences, transcribe } from './kit.ts';
import { heardIn, longSpeech } from './speech.ts';

it('keeps ten minutes of speech in order over several batches', async () => {
  const { media, seconds, said } = await longSpeech(600);
  const { status, transcript } = await transcribe('ten-minutes/speech.wav', media);

  expect(status).toMatchObject({ state: 'done', failedBatches: [] });
  expect(status.batches).toBeGreaterThanOrEqual(3);
  expect(new Set(await acceptedInferences(status.jobId)).size).toBe(status.batches);
  expect(transcript.durationSeconds).toBeCloseTo(seconds, 1);
  expect(heardIn(transcript.text)).toEqual(said);
  const starts = transcript.segments.map(({ startSeconds }) => startSeconds);
  expect(starts).toEqual([...starts].sort((a, b) => a - b));
});
