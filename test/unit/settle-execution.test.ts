import { settleExecution } from '@murmuration/api/settle-execution';
import { describe, expect, it } from 'vitest';

const ready = {
  ...{ kind: 'transcript-ready', jobId: 'j', sourceKey: 'uploads/api/a/job_1', state: 'done' },
  ...{ durationSeconds: 3600, outputs: {} },
};

/** As EventBridge brings it. */
const eventOf = (status: string, output: unknown) => ({
  'detail-type': 'Step Functions Execution Status Change',
  source: 'aws.states',
  detail: { name: 'job_1-5', status, output: output === null ? null : JSON.stringify(output), input: '{}' },
});

describe('the end of an execution', () => {
  it.each([
    ['its transcript', 'SUCCEEDED', ready, 3600],
    ['all its channels', 'SUCCEEDED', { ...ready, heardSeconds: 7200 }, 7200],
    ['nothing, since it was delivered before', 'SUCCEEDED', { kind: 'already-delivered', jobId: 'j' }, 0],
    ['nothing, since it failed', 'FAILED', null, 0],
    ['nothing, since it was stopped', 'ABORTED', null, 0],
    ['nothing, since it took too long', 'TIMED_OUT', null, 0],
  ])('books %s', async (_, status, output, usedSeconds) => {
    const settled: unknown[] = [];
    await settleExecution(eventOf(status, output), {
      settle: async (...settling) => void settled.push(settling),
    });
    expect(settled).toEqual([['job_1-5', usedSeconds]]);
  });

  it('is told by no other event', async () => {
    const settle = () => Promise.reject(new Error('nothing is to be settled'));
    await expect(settleExecution({ detail: { kind: 'job-failed' } }, { settle })).rejects.toThrow(/status/);
  });
});
