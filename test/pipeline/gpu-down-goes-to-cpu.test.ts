import { describe, expect, it } from 'vitest';
import { numberEngine, portsInMemory } from './fakes.ts';
import { type Gpu, runJob } from './local-machine.ts';
import { workingGpu } from './working-gpu.ts';

const nine = '1 2 3 4 5 6 7 8 9';

describe('what the GPU lane cannot do, the CPU lane does, and the report says why:', () => {
  it.each<[string, Gpu, object]>([
    [
      'no endpoint',
      () => Promise.reject(new Error('Endpoint murmuration of account 1 not found.')),
      { code: 'Error', reason: 'Endpoint murmuration of account 1 not found.' },
    ],
    [
      'no answer in time',
      async () => undefined,
      { code: 'States.Timeout', reason: 'it took longer than it may' },
    ],
    [
      'a failure',
      async ({ inferenceId }) => ({
        kind: 'inference-finished',
        inferenceId,
        failureReason: 'ClientError: boom',
      }),
      { code: 'endpoint-failed', reason: 'ClientError: boom' },
    ],
    [
      'an answer that is not there',
      async ({ inferenceId }) => ({ kind: 'inference-finished', inferenceId, outputKey: 'async/out/1.json' }),
      { code: 'answer-missing', reason: expect.stringContaining('async/out/1.json') },
    ],
  ])('%s', async (_, gpu, failure) => {
    const { ports, counted, upload, json } = portsInMemory();
    const end = await runJob(await upload('uploads/a.wav', nine), { ports, gpu });
    expect(end).toMatchObject({ state: 'done' });
    expect(await json(`jobs/${end.jobId}/status.json`)).toMatchObject({ lanes: { gpu: 0, cpu: 2 } });
    const { batches } = await json(`jobs/${end.jobId}/report.json`);
    const failures = [{ lane: 'gpu', ...failure }];
    expect(batches).toEqual([
      { index: 0, lane: 'cpu', cached: 0, failures },
      { index: 1, lane: 'cpu', cached: 0, failures },
    ]);
    expect(counted.filter(([name]) => name === 'GpuFallbacks')).toHaveLength(2);
  });

  it.each<[string, (answer: Record<string, unknown>) => unknown, string]>([
    ['garbage', () => 'garbage', 'answer-garbage'],
    ['nothing', () => ({}), 'answer-garbage'],
    ['too few transcripts', (answer) => ({ ...answer, transcripts: [] }), 'answer-garbage'],
    ['another plan', (answer) => ({ ...answer, soundSha256: '0'.repeat(64) }), 'answer-garbage'],
    ['another batch', (answer) => ({ ...answer, index: 7 }), 'answer-garbage'],
    ['an error of its own', () => ({ code: 'out-of-memory', reason: 'no 3 GiB free' }), 'out-of-memory'],
  ])('%s for an answer', async (_, spoil, code) => {
    const { ports, store, upload, text, json } = portsInMemory();
    const working = workingGpu(store, numberEngine());
    const gpu: Gpu = async (request) => {
      const finished = await working(request);
      const key = finished!.outputKey!;
      await store.write(key, JSON.stringify(spoil(await json(key))));
      return finished;
    };
    const end = await runJob(await upload('uploads/a.wav', nine), { ports, gpu });
    expect(end).toMatchObject({ state: 'done' });
    const { batches } = await json(`jobs/${end.jobId}/report.json`);
    expect(batches[0]).toMatchObject({ lane: 'cpu', failures: [{ lane: 'gpu', code }] });
    expect(await text('transcripts/uploads/a.wav.txt')).toBe('1. 2. 3. 4. 5. 6. 7. 8. 9.\n');
  });
});
