import { logFacts } from '@murmuration/pipeline/jobs/log-facts';
import { logJob } from '@murmuration/pipeline/jobs/log-job';
import { expect, it } from 'vitest';

const jobId = 'a'.repeat(32);
const sourceKey = 'uploads/Jane Roe, oncology.mp3';

it('logs how a job ended without its recording’s name', () => {
  const outputs = { txt: `transcripts/${sourceKey}.txt` };
  const ready = { kind: 'transcript-ready', jobId, sourceKey, state: 'done', durationSeconds: 11, outputs };
  expect(logFacts(ready)).toEqual({ jobId, state: 'done', durationSeconds: 11 });
  const failed = {
    kind: 'job-failed',
    sourceKey,
    code: 'media-unreadable',
    reason: `"${sourceKey}" is none`,
  };
  expect(logFacts(failed)).toEqual({ code: 'media-unreadable' });
});

it('logs of a list how long it is', () => {
  const windows = [1, 2, 3].map((part) => ({ kind: 'window', jobId, part, byteStart: 0, byteEnd: 2 }));
  expect(logFacts({ kind: 'windows-ready', jobId, windows })).toEqual({ jobId, windows: 3 });
});

it.each([
  ['a step', { kind: 'window', jobId }, [{ jobId }]],
  ['the dispatcher', { kind: 'batch-offered', batch: { jobId } }, [{ jobId }]],
  ['the callback', { kind: 'inference-finished', inferenceId: `${jobId}-0-${'0'.repeat(12)}` }, [{ jobId }]],
  ['the webhooks', { kind: 'webhook-due', event: { jobId } }, [{ jobId }]],
  ['an upload', { kind: 'media-uploaded', key: sourceKey }, []],
  ['a stranger', 'hello', []],
  ['nobody', undefined, []],
])('names the job in every line about a message for %s, and no earlier job', (_, message, expected) => {
  const calls: unknown[] = [];
  logJob({ resetKeys: () => calls.push('reset'), appendKeys: (keys) => calls.push(keys) }, message);
  expect(calls).toEqual(['reset', ...expected]);
});
