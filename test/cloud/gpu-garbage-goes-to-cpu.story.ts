import { expect, it } from 'vitest';
import { misbehave, transcribe } from './kit.ts';
import { speech } from './speech.ts';

it('transcribes on the CPU lane when the GPU endpoint returns garbage, and says why', async () => {
  await misbehave({ kind: 'garbage' });
  const { status, transcript, report } = await transcribe('gpu-garbage/jfk.flac', speech());

  expect(status).toMatchObject({ state: 'done', lanes: { gpu: 0, cpu: 1 }, failedBatches: [] });
  expect(transcript.text).toMatch(/ask not what your country can do for you/i);
  const failure = { lane: 'gpu', code: 'answer-garbage', reason: expect.stringContaining('no batch result') };
  expect(report.batches).toMatchObject([{ index: 0, lane: 'cpu', failures: [failure] }]);
});
