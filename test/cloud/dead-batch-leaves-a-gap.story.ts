import { setTimeout as wait } from 'node:timers/promises';
import { Batch } from '@murmuration/pipeline/contract/plan';
import { keys } from '@murmuration/pipeline/keys';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { delivered, ended, get, misbehave, put, statusOf, text, uploadKey } from './kit.ts';
import { heardIn, longSpeech } from './speech.ts';

it('delivers the rest with a marked gap when one batch is dead on both lanes', async () => {
  // Keeps the GPU lane waiting until the audio of one batch is spoilt.
  await misbehave({ kind: 'slow', seconds: 8 });
  const { media, said } = await longSpeech(600, 7);
  const key = uploadKey('dead-batch/speech.wav');
  await put(key, media);
  const batches = await spoilBatch(key, 1);
  await ended(key);

  const { status, transcript, report } = await delivered(key);
  expect(status).toMatchObject({ state: 'partial', failedBatches: [1], batches: batches.length });
  expect(status.reason).toMatch(/^1 of \d batches could not be transcribed \(00:0\d:/);
  const failures = ['gpu', 'cpu'].map((lane) => expect.objectContaining({ lane }));
  expect(report.batches[1]).toEqual({ index: 1, cached: 0, failures });
  expect(report.findings).toContainEqual(
    expect.objectContaining({ kind: 'dropped', reason: 'not-transcribed' }),
  );

  const [from, to] = [batches[1]!.segments[0]!.startSeconds, batches[1]!.segments.at(-1)!.endSeconds];
  const spoken = transcript.segments.filter(({ text }) => text !== '');
  expect(spoken.filter(({ startSeconds }) => startSeconds > from + 1 && startSeconds < to - 1)).toEqual([]);
  const heard = heardIn(transcript.text);
  expect(heard.length).toBeGreaterThan(said.length / 3);
  expect(heard).toEqual([
    ...said.slice(0, heardIn(textIn(spoken, 0, from)).length),
    ...said.slice(said.length - heardIn(textIn(spoken, to - 1, Infinity)).length),
  ]);
});

/** Writes silence over the audio of one batch once the plan stands: its bytes are then others than the plan says. */
async function spoilBatch(key: string, index: number): Promise<Batch[]> {
  let jobId: string | undefined;
  while (!jobId || !(await get(keys.plan(jobId)))) {
    await wait(50);
    if (await get(keys.sourceStatus(key))) ({ jobId } = await statusOf(key));
  }
  const batches = z.array(Batch).parse(JSON.parse(await text(keys.plan(jobId))));
  const audio = await get(keys.audio(jobId));
  const { segments } = batches[index]!;
  audio!.fill(0, segments[0]!.byteStart, segments.at(-1)!.byteEnd);
  await put(keys.audio(jobId), audio!);
  return batches;
}

type Spoken = { readonly startSeconds: number; readonly text: string };
const textIn = (segments: readonly Spoken[], from: number, to: number) =>
  segments
    .filter(({ startSeconds }) => startSeconds >= from && startSeconds < to)
    .map(({ text }) => text)
    .join(' ');
