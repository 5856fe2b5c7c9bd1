import { keys } from '@murmuration/pipeline/keys';
import { expect, it } from 'vitest';
import { get, invoke, outputs, transcribe } from './kit.ts';
import { longSpeech } from './speech.ts';

it('writes the same bytes when it merges a job a second time', async () => {
  const { media } = await longSpeech(60, 3);
  const { key, status } = await transcribe('merge-twice/speech.wav', media);
  const { jobId } = status;
  const written = [
    ...Object.values(status.outputs!),
    keys.report(jobId),
    keys.status(jobId),
    keys.sourceStatus(key),
  ];
  const all = () => Promise.all(written.map(get));
  const before = await all();

  expect(await invoke(outputs.aggregator, { kind: 'plan-transcribed', jobId })).toMatchObject({
    kind: 'transcript-ready',
    state: 'done',
  });
  expect(await all()).toEqual(before);
});
