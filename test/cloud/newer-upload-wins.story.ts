import { setTimeout as wait } from 'node:timers/promises';
import { keys } from '@murmuration/pipeline/keys';
import { expect, it } from 'vitest';
import { acceptedInferences, delivered, ended, get, misbehave, put, uploadKey } from './kit.ts';
import { longSpeech, speech } from './speech.ts';

/** Waits until the GPU endpoint has a batch of the upload; returns its job. */
async function waitForBatch(key: string): Promise<string> {
  for (;;) {
    const status = await get(keys.sourceStatus(key));
    const { jobId } = JSON.parse(status?.toString() ?? '{}');
    if (jobId !== undefined && (await acceptedInferences(jobId)).length > 0) return jobId;
    await wait(100);
  }
}

it('keeps the transcript of the newer of two uploads under one name, though the older ends later', async () => {
  const key = uploadKey('replaced/talk.wav');
  const { media } = await longSpeech(30);
  // The newer one is done by the CPU lane while the GPU lane still has the older
  await misbehave({ kind: 'slow', seconds: 15 });
  await put(key, media);
  const older = await waitForBatch(key);
  await misbehave({ kind: 'absent' });
  await put(key, speech());
  const runs = await ended(key, 2);

  const [first, last] = runs.sort((a, b) => a.stopDate!.getTime() - b.stopDate!.getTime());
  expect(first).toMatchObject({ status: 'SUCCEEDED' });
  expect(last).toMatchObject({ status: 'FAILED', cause: expect.stringContaining('another recording') });
  const { status, transcript } = await delivered(key);
  expect(status).toMatchObject({ state: 'done', durationSeconds: 11, lanes: { gpu: 0, cpu: 1 } });
  expect(status.jobId).not.toBe(older);
  expect(transcript).toMatchObject({ durationSeconds: 11 });
  expect(transcript.text).not.toMatch(/great sorrow|dripping/i);
});

it('keeps the newer of two that came at once', async () => {
  const key = uploadKey('at-once/talk.wav');
  const { media } = await longSpeech(30);
  await put(key, media);
  await put(key, speech());
  await ended(key, 2);

  const { status, transcript } = await delivered(key);
  expect(status).toMatchObject({ state: 'done', durationSeconds: 11 });
  expect(transcript).toMatchObject({ durationSeconds: 11 });
});
