import { keys } from '@murmuration/pipeline/keys';
import { SAMPLE_RATE_HERTZ } from '@murmuration/pipeline/ports';
import { expect, it } from 'vitest';
import { wavOf } from '../functions/bad-files.ts';
import { get, text, transcribe } from './kit.ts';
import { speechSamples } from './speech.ts';

it('hands over to several splitters what one cannot cut in time', async () => {
  // One splitter cuts 2 h; here somebody speaks at the start, across the border, and at the end, and is silent between.
  const hours = 2.1;
  const samples = new Int16Array(hours * 3600 * SAMPLE_RATE_HERTZ);
  const spoken = await speechSamples();
  for (const startSeconds of [1, 2 * 3600 - 5, hours * 3600 - 12]) {
    samples.set(spoken, startSeconds * SAMPLE_RATE_HERTZ);
  }
  const { status, transcript } = await transcribe('long/speech.wav', wavOf(samples));

  expect(status).toMatchObject({ state: 'done', durationSeconds: hours * 3600, failedBatches: [] });
  expect(JSON.parse(await text(keys.windows(status.jobId)))).toHaveLength(1);
  expect(await get(keys.planPart(status.jobId, 1))).toBeDefined();
  const said = transcript.segments.filter((segment) => /not what your country/.test(segment.text));
  expect(said.map(({ startSeconds }) => Math.round(startSeconds / 60))).toEqual([0, 120, 126]);
});
