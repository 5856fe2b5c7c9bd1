import { keys } from '@murmuration/pipeline/keys';
import { runStep } from '@murmuration/pipeline/pipeline';
import { expect, it } from 'vitest';
import { numberEngine, portsInMemory } from './fakes.ts';
import { runJob } from './local-machine.ts';
import { workingGpu } from './working-gpu.ts';

const merge = { kind: 'plan-transcribed' };

it('merges no result of an earlier run whose plan was another, though the job is the same', async () => {
  const { ports, store, upload, text, json } = portsInMemory();
  const gpu = workingGpu(store, numberEngine());
  const { jobId } = await runJob(await upload('uploads/a.wav', '1 2 3'), { ports, gpu });
  const plan = await json(keys.plan(jobId));
  const [first, ...others] = plan[0].segments;
  // As another cutter would, with as many segments
  await store.write(
    keys.plan(jobId),
    JSON.stringify([{ ...plan[0], segments: [{ ...first, sha256: '0'.repeat(64) }, ...others] }]),
  );
  expect(await runStep(['plan-transcribed'], { ...merge, jobId }, ports)).toMatchObject({
    kind: 'job-failed',
    reason: 'no batch could be transcribed: no lane finished it',
  });
  await store.write(keys.plan(jobId), JSON.stringify(plan));
  await runStep(['plan-transcribed'], { ...merge, jobId }, ports);
  expect(await text('transcripts/uploads/a.wav.txt')).toBe('1. 2. 3.\n');
});

it('takes what another version of the kit left for none', async () => {
  const { ports, store, upload, json } = portsInMemory();
  const { jobId } = await runJob(await upload('uploads/a.wav', '1 2 3'), { ports });
  const { soundSha256: _, ...old } = await json(keys.batchResult(jobId, 0, 'cpu'));
  await store.write(keys.batchResult(jobId, 0, 'cpu'), JSON.stringify(old));
  const end = await runStep(['plan-transcribed'], { ...merge, jobId }, ports);
  expect(end).toMatchObject({ kind: 'job-failed' });
});
