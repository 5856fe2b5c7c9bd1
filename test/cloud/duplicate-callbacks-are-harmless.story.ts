import { setTimeout as wait } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { acceptedInferences, ended, logged, misbehave, transcribe } from './kit.ts';
import { speech } from './speech.ts';

it('takes a callback once when it comes twice', async () => {
  await misbehave({ kind: 'duplicate' });
  const { key, status, transcript } = await transcribe('duplicate/jfk.flac', speech());
  expect(status).toMatchObject({ state: 'done', lanes: { gpu: 1, cpu: 0 } });
  expect(transcript.text).toMatch(/ask not what your country can do for you/i);

  const [inference] = await acceptedInferences(status.jobId);
  let callbacks: string[] = [];
  while (callbacks.length < 2) {
    await wait(200);
    callbacks = (await logged(inference!)).filter((line) => line.includes('"service":"callback"'));
  }
  const taken = callbacks.map((line) => (JSON.parse(line) as { taken: boolean }).taken);
  expect(taken.sort()).toEqual([false, true]);
  expect(await ended(key)).toHaveLength(1);
});
