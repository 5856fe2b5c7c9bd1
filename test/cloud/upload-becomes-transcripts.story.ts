import { keys } from '@murmuration/pipeline/keys';
import { expect, it } from 'vitest';
import { acceptedInferences, text, transcribe } from './kit.ts';
import { speech } from './speech.ts';

it('turns an upload into a transcript in every format, by the GPU lane', async () => {
  const { key, status, transcript } = await transcribe('all-formats/jfk.flac', speech());

  expect(status).toMatchObject({
    state: 'done',
    sourceKey: key,
    durationSeconds: 11,
    batches: 1,
    failedBatches: [],
    lanes: { gpu: 1, cpu: 0 },
  });
  expect(await acceptedInferences(status.jobId)).toHaveLength(1);
  expect(transcript.text).toMatch(/ask not what your country can do for you/i);
  expect(transcript).toMatchObject({ language: 'en', durationSeconds: 11 });

  expect(status.outputs).toEqual(
    Object.fromEntries(
      ['json', 'srt', 'vtt', 'tsv', 'txt'].map((format) => [format, keys.transcript(key, format)]),
    ),
  );
  const { srt, vtt, tsv, txt } = status.outputs!;
  expect(await text(srt!)).toMatch(/^1\n00:00:0\d,\d{3} --> 00:00:\d\d,\d{3}\n/);
  expect(await text(vtt!)).toMatch(/^WEBVTT\n/);
  expect(await text(tsv!)).toMatch(/^start\tend\ttext\n\d+\t\d+\t/);
  expect(await text(txt!)).toMatch(/ask not what your country can do for you/i);
});
