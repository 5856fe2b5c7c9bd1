import { expect, it } from 'vitest';
import { metricCount, misbehave, transcribe } from './kit.ts';
import { speech } from './speech.ts';

it('transcribes on the CPU lane when there is no GPU endpoint, and says so', async () => {
  const before = await metricCount('GpuFallbacks');
  await misbehave({ kind: 'absent' });
  const { status, transcript, report } = await transcribe('gpu-absent/jfk.flac', speech());

  expect(status).toMatchObject({ state: 'done', lanes: { gpu: 0, cpu: 1 }, failedBatches: [] });
  expect(transcript.text).toMatch(/ask not what your country can do for you/i);
  expect(report.batches).toMatchObject([
    { index: 0, lane: 'cpu', failures: [{ lane: 'gpu', reason: expect.stringContaining('not found') }] },
  ]);
  expect(await metricCount('GpuFallbacks')).toBe(before + 1);
});
