import { runStep } from '@murmuration/pipeline/pipeline';
import { expect, it } from 'vitest';
import { numberEngine, portsInMemory } from './fakes.ts';
import { type Gpu, runJob } from './local-machine.ts';
import { workingGpu } from './working-gpu.ts';

it('leaves the same bytes when it is run twice, counts once, and answers the same', async () => {
  const { ports, store, counted, upload, text } = portsInMemory();
  const end = await runJob(await upload('uploads/a.wav', '1 2 3'), { ports });
  const contents = async () => Promise.all(store.keys().map(async (key) => [key, await text(key)]));
  const before = await contents();
  const countedBefore = [...counted];
  const again = await runStep(['plan-transcribed'], { kind: 'plan-transcribed', jobId: end.jobId }, ports);
  expect(again).toEqual(end);
  expect(await contents()).toEqual(before);
  expect(counted).toEqual(countedBefore);
});

it('leaves the same bytes though the GPU’s answer came too late to be waited for', async () => {
  const { ports, store, upload, text } = portsInMemory();
  // Another model's words, so that taking them would show
  const working = workingGpu(store, {
    ...numberEngine(),
    transcribe: (pcms) => numberEngine().transcribe(pcms.map((pcm) => pcm.map((x) => x + 0.1))),
  });
  const late: (() => Promise<unknown>)[] = [];
  const gpu: Gpu = async (request) => {
    late.push(async () => runStep(['inference-finished'], await working(request), ports));
    return undefined;
  };
  const end = await runJob(await upload('uploads/a.wav', '1 2 3'), { ports, gpu });
  const before = await text('transcripts/uploads/a.wav.json');
  for (const answer of late) expect(await answer()).toMatchObject({ kind: 'task-succeeded' });
  await runStep(['plan-transcribed'], { kind: 'plan-transcribed', jobId: end.jobId }, ports);
  expect(await text('transcripts/uploads/a.wav.json')).toBe(before);
});
