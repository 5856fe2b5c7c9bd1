import type { InferenceFinished } from '@murmuration/pipeline/contract/messages';
import { runStep } from '@murmuration/pipeline/pipeline';
import { expect, it } from 'vitest';
import { numberEngine, portsInMemory } from './fakes.ts';
import { type Gpu, runJob } from './local-machine.ts';
import { workingGpu } from './working-gpu.ts';

it('answers the same for an answer that comes twice, and leaves the same bytes', async () => {
  const { ports, store, upload, text } = portsInMemory();
  const working = workingGpu(store, numberEngine());
  const notices: InferenceFinished[] = [];
  const gpu: Gpu = async (request) => {
    const finished = await working(request);
    notices.push(finished!);
    return finished;
  };
  await runJob(await upload('uploads/a.wav', '1 2 3'), { ports, gpu });
  const contents = async () => Promise.all(store.keys().map(async (key) => [key, await text(key)]));
  const before = await contents();
  const answers = [];
  for (const notice of [...notices, ...notices])
    answers.push(await runStep(['inference-finished'], notice, ports));
  expect(answers[1]).toEqual(answers[0]);
  expect(answers[0]).toMatchObject({ kind: 'task-succeeded', output: { index: 0, lane: 'gpu' } });
  expect(await contents()).toEqual(before);
});

it('knows each attempt by its own id: the answer to an earlier one is not taken for that to a later one', async () => {
  const { ports, upload } = portsInMemory();
  const ids: string[] = [];
  const gpu: Gpu = async ({ inferenceId }) => {
    ids.push(inferenceId);
    return undefined;
  };
  const uploaded = await upload('uploads/a.wav', '1 2 3');
  const { jobId } = await runJob(uploaded, { ports, gpu });
  await ports.store.write('transcripts/uploads/a.wav.status.json', 'lost');
  await runJob(uploaded, { ports, gpu });
  expect(new Set(ids).size).toBe(2);
  for (const id of ids) expect(id).toMatch(new RegExp(`^${jobId}-0-`));
});

it('does nothing for an inference that nobody waits for', async () => {
  const { ports, store } = portsInMemory();
  for (const inferenceId of ['x', `${'0'.repeat(32)}-0-${'0'.repeat(12)}`]) {
    const notice = { kind: 'inference-finished', inferenceId, outputKey: 'async/out/1.out' };
    expect(await runStep(['inference-finished'], notice, ports)).toEqual({
      kind: 'inference-unknown',
      inferenceId,
    });
  }
  expect(store.keys()).toEqual([]);
});
