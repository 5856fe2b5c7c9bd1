import { setTimeout as wait } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { acceptedInferences, get, logged, misbehave, transcribe } from './kit.ts';
import { speech } from './speech.ts';

it('delivers by the CPU lane when the GPU is slow, and its late answer changes nothing', async () => {
  await misbehave({ kind: 'slow', seconds: 35 });
  const { status } = await transcribe('slow-gpu/jfk.flac', speech());
  expect(status).toMatchObject({ state: 'done', lanes: { gpu: 0, cpu: 1 } });
  const all = () => Promise.all(Object.values(status.outputs!).map(get));
  const before = await all();

  const [inference] = await acceptedInferences(status.jobId);
  let callbacks: string[] = [];
  while (callbacks.length === 0) {
    await wait(500);
    callbacks = (await logged(inference!)).filter((line) => line.includes('"service":"callback"'));
  }
  expect(callbacks.map((line) => JSON.parse(line))).toMatchObject([{ level: 'INFO', taken: false }]);
  expect(await all()).toEqual(before);
});
