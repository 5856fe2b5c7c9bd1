import { MurmurationError } from '@murmuration/pipeline/errors';
import { runStep } from '@murmuration/pipeline/pipeline';
import type { ObjectStore } from '@murmuration/pipeline/ports';
import { expect, it } from 'vitest';
import { portsInMemory } from './fakes.ts';
import { runJob } from './local-machine.ts';

const status = 'transcripts/uploads/a.wav.status.json';

it('keeps the transcript of the newer of two uploads under one name, whichever ends first', async () => {
  const { ports, upload, text, json } = portsInMemory();
  let newer: unknown;
  const late = {
    ports,
    // The older job waits for its GPU while the newer upload comes and is done
    gpu: async () => {
      newer ??= await runJob(await upload('uploads/a.wav', '2'), { ports });
      return undefined;
    },
  };
  const older = await runJob(await upload('uploads/a.wav', '1'), late);
  expect(newer).toMatchObject({ kind: 'transcript-ready' });
  expect(older).toMatchObject({ kind: 'job-failed', reason: expect.stringContaining('uploaded as') });
  expect(await text('transcripts/uploads/a.wav.txt')).toBe('2.\n');
  expect(await json(status)).toMatchObject({ state: 'done', jobId: (newer as { jobId: string }).jobId });
  expect(await json(`jobs/${older.jobId}/status.json`)).toMatchObject({ state: 'failed' });
});

it('leaves the newer one alone where the event of the older comes after it', async () => {
  const { ports, upload, json } = portsInMemory();
  const older = await upload('uploads/a.wav', '1');
  const newer = await runJob(await upload('uploads/a.wav', '2'), { ports });
  expect(await runJob(older, { ports })).toMatchObject({ kind: 'job-failed', code: 'file-not-found' });
  expect(await json(status)).toMatchObject({ state: 'done', jobId: newer.jobId });
});

it('takes no ill store for one where nobody wrote since', async () => {
  const { ports, upload, json } = portsInMemory();
  const older = await runStep(['media-uploaded'], await upload('uploads/a.wav', '1'), ports);
  if (older.kind !== 'plan-ready') throw new Error(older.kind);
  const [batch] = await json(`jobs/${older.jobId}/plan.json`);
  await runStep(['batch'], batch, ports);
  const newer = await runJob(await upload('uploads/a.wav', '2'), { ports });
  const merge = (store: ObjectStore) =>
    runStep(['plan-transcribed'], { kind: 'plan-transcribed', jobId: older.jobId }, { ...ports, store });
  const ill = new MurmurationError('store-unavailable', 'S3 cannot be reached');
  const read: ObjectStore['read'] = (key, range) =>
    key === status ? Promise.reject(ill) : ports.store.read(key, range);
  await expect(merge({ ...ports.store, read })).rejects.toBe(ill);
  expect(await json(status)).toMatchObject({ state: 'done', jobId: newer.jobId });
  expect(await merge(ports.store)).toMatchObject({ kind: 'job-failed', code: 'file-not-found' });
});

it('delivers where another run of the same upload broke before it had an id', async () => {
  const { ports, upload, json } = portsInMemory();
  const split = await runStep(['media-uploaded'], await upload('uploads/a.wav', '1'), ports);
  const failure = { Error: 'Sandbox.Timedout', Cause: '{}' };
  await runStep(['job-failed'], { kind: 'job-failed', sourceKey: 'uploads/a.wav', failure }, ports);
  expect(await json(status)).toMatchObject({ state: 'failed', reason: 'it took longer than it may' });
  if (split.kind !== 'plan-ready') throw new Error(split.kind);
  const [batch] = await json(`jobs/${split.jobId}/plan.json`);
  await runStep(['batch'], batch, ports);
  const end = await runStep(['plan-transcribed'], { kind: 'plan-transcribed', jobId: split.jobId }, ports);
  expect(end).toMatchObject({ kind: 'transcript-ready' });
  expect(await json(status)).toMatchObject({ state: 'done', jobId: split.jobId });
});
