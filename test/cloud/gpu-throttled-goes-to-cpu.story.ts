import { expect, it } from 'vitest';
import { misbehave, transcribe } from './kit.ts';
import { speech } from './speech.ts';

it('transcribes on the CPU lane when SageMaker throttles, and says why', async () => {
  await misbehave({ kind: 'throttled' });
  const { status, transcript, report } = await transcribe('gpu-throttled/jfk.flac', speech());

  expect(status).toMatchObject({ state: 'done', lanes: { gpu: 0, cpu: 1 }, failedBatches: [] });
  expect(transcript.text).toMatch(/ask not what your country can do for you/i);
  const failure = { lane: 'gpu', code: 'ThrottlingException', reason: 'Rate exceeded' };
  expect(report.batches).toMatchObject([{ index: 0, lane: 'cpu', failures: [failure] }]);
});
