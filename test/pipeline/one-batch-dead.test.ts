import { MurmurationError } from '@murmuration/pipeline/errors';
import { runStep } from '@murmuration/pipeline/pipeline';
import { expect, it } from 'vitest';
import { numberEngine, portsInMemory } from './fakes.ts';
import { runJob } from './local-machine.ts';

const numbers = Array.from({ length: 24 }, (_, index) => index + 1);

const deafTo = (level: number) =>
  numberEngine((heard) => {
    if (heard === level) throw new MurmurationError('audio-invalid', `${level} cannot be heard`);
  });

it('marks the gap and delivers the rest, where one batch fails on every lane', async () => {
  const { ports, counted, upload, text, json } = portsInMemory({ engine: deafTo(12) });
  const dead = async () => undefined;
  const end = await runJob(await upload('uploads/a.wav', numbers.join(' ')), { ports, gpu: dead });
  expect(end).toMatchObject({ kind: 'transcript-ready', state: 'partial' });

  const said = numbers.filter((n) => n <= 8 || n > 16);
  expect(await text('transcripts/uploads/a.wav.txt')).toBe(`${said.map((n) => `${n}.`).join(' ')}\n`);
  const { segments } = await json('transcripts/uploads/a.wav.json');
  expect(segments).toHaveLength(24);
  const gap = { text: '', dropped: { reason: 'not-transcribed', text: '' } };
  expect(segments.slice(8, 16)).toEqual(
    numbers.slice(8, 16).map((n) => expect.objectContaining({ ...gap, startSeconds: n - 1, endSeconds: n })),
  );
  expect(await json(`jobs/${end.jobId}/status.json`)).toMatchObject({
    state: 'partial',
    reason: '1 of 3 batches could not be transcribed (00:00:08.000 to 00:00:16.000): 12 cannot be heard',
    failedBatches: [1],
    lanes: { gpu: 0, cpu: 2 },
  });
  const report = await json(`jobs/${end.jobId}/report.json`);
  expect(report.findings).toContainEqual({
    kind: 'dropped',
    reason: 'not-transcribed',
    startSeconds: 8,
    endSeconds: 9,
    text: '',
  });
  expect(report.batches[1]).toEqual({
    index: 1,
    cached: 0,
    failures: [
      { lane: 'gpu', code: 'States.Timeout', reason: 'it took longer than it may' },
      { lane: 'cpu', code: 'audio-invalid', reason: '12 cannot be heard' },
    ],
  });
  expect(counted).toContainEqual(['JobsPartial', 1]);
});

it('fails with the reason, where all batches do', async () => {
  const { ports, store, counted, upload, json } = portsInMemory({ engine: deafTo(1) });
  const end = await runJob(await upload('uploads/a.wav', '1 2'), { ports });
  expect(end).toMatchObject({
    kind: 'job-failed',
    code: 'audio-invalid',
    reason: 'no batch could be transcribed: 1 cannot be heard',
  });
  expect(await json(`jobs/${end.jobId}/status.json`)).toMatchObject({ state: 'failed' });
  expect(store.keys()).not.toContain('transcripts/uploads/a.wav.txt');
  expect(counted).toContainEqual(['JobsFailed', 1]);
});

it('says what the batches died of, where the state machine only says that they were too many', async () => {
  const { ports, upload, json } = portsInMemory({ engine: deafTo(12) });
  const { jobId } = await runJob(await upload('uploads/a.wav', numbers.join(' ')), { ports });
  const failure = { Error: 'States.ExceedToleratedFailureThreshold', Cause: 'too many' };
  const failed = (id: string) =>
    runStep(['job-failed'], { kind: 'job-failed', jobId: id, sourceKey: 'uploads/a.wav', failure }, ports);
  await failed(jobId);
  expect(await json(`jobs/${jobId}/status.json`)).toMatchObject({
    state: 'failed',
    code: 'audio-invalid',
    reason: '1 of 3 batches could not be transcribed: 12 cannot be heard',
  });
  expect(await failed('b'.repeat(32))).toMatchObject({
    code: failure.Error,
    reason: 'too many of its batches failed',
  });
});

it('transcribes a batch again that broke in passing, and takes it for dead after the last try', async () => {
  let left = 2;
  const shaky = numberEngine(() => {
    if (left-- > 0) throw new MurmurationError('out-of-memory', 'too little');
  });
  const { ports, upload } = portsInMemory({ engine: shaky });
  expect(await runJob(await upload('uploads/a.wav', '1 2'), { ports })).toMatchObject({ state: 'done' });
  left = 3;
  expect(await runJob(await upload('uploads/b.wav', '1 2'), { ports })).toMatchObject({
    kind: 'job-failed',
    reason: 'no batch could be transcribed: no lane finished it',
  });
});

it('hears no batch whose sound is not the one that was cut', async () => {
  const { ports, store, upload, json } = portsInMemory();
  const open = store.read;
  const damaged = {
    ...store,
    read: async (key: string, range?: { start: number; end: number }) => {
      const bytes = await open(key, range);
      if (key.endsWith('.s16le') && range && range.start === 0) bytes![0]! ^= 1;
      return bytes;
    },
  };
  const end = await runJob(await upload('uploads/a.wav', numbers.join(' ')), {
    ports: { ...ports, store: damaged },
  });
  const { failedBatches, reason } = await json(`jobs/${end.jobId}/status.json`);
  expect(failedBatches).toEqual([0]);
  expect(reason).toContain('is not the sound that was cut');
});
