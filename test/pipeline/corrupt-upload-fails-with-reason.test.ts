import { MurmurationError } from '@murmuration/pipeline/errors';
import { runStep } from '@murmuration/pipeline/pipeline';
import { expect, it } from 'vitest';
import { numberDecoder, portsInMemory } from './fakes.ts';
import { runJob } from './local-machine.ts';

it('says why in words, and leaves no sound behind', async () => {
  const { ports, store, counted, upload, json } = portsInMemory();
  const end = await runJob(await upload('uploads/a.mp3', 'no recording'), { ports });
  const reason = '"uploads/a.mp3" is not audio or video: give another file';
  expect(end).toEqual({
    kind: 'job-failed',
    jobId: end.jobId,
    sourceKey: 'uploads/a.mp3',
    state: 'failed',
    code: 'media-unreadable',
    reason,
  });
  const status = { state: 'failed', code: 'media-unreadable', reason, sourceKey: 'uploads/a.mp3' };
  expect(await json(`jobs/${end.jobId}/status.json`)).toMatchObject(status);
  expect(await json('transcripts/uploads/a.mp3.status.json')).toMatchObject(status);
  expect(store.keys().filter((key) => key.endsWith('.s16le'))).toEqual([]);
  expect(counted).toEqual([['JobsFailed', 1]]);
});

it('leaves no sound behind where a recording breaks in the middle', async () => {
  const { ports, store, upload } = portsInMemory();
  const decoder = {
    ...numberDecoder(),
    async decode(...request: Parameters<typeof ports.decoder.decode>) {
      const media = await numberDecoder().decode(...request);
      async function* blocks() {
        yield* media.blocks;
        throw new MurmurationError('media-unreadable', 'the decoder died');
      }
      return { ...media, blocks: blocks() };
    },
  };
  const end = await runJob(await upload('uploads/a.mp3', '1 2 3'), { ports: { ...ports, decoder } });
  expect(end).toMatchObject({ code: 'media-unreadable', reason: 'the decoder died' });
  expect(store.keys().filter((key) => key.endsWith('.s16le'))).toEqual([]);
});

it.each([
  ['no JSON', 'formats: txt', /options in "uploads\/a.wav.options.json" are wrong/],
  ['an unknown format', '{"formats":["docx"]}', /formats.0/],
  ['an unknown option', '{"speed":2}', /speed/],
  [
    'a prompt that fills a request',
    JSON.stringify({ decoding: { prompt: 'a'.repeat(130_000) } }),
    /130000 characters/,
  ],
])('fails a job whose options are %s', async (_, options, reason) => {
  const { ports, store, upload } = portsInMemory();
  await store.write('uploads/a.wav.options.json', options);
  const end = await runJob(await upload('uploads/a.wav', '1'), { ports });
  expect(end).toMatchObject({ kind: 'job-failed', code: 'invalid-argument' });
  expect('reason' in end && end.reason).toMatch(reason);
});

it('fails where the upload was replaced before it was read', async () => {
  const { ports, upload } = portsInMemory();
  const first = await upload('uploads/a.wav', '1');
  await upload('uploads/a.wav', '2');
  expect(await runJob(first, { ports })).toMatchObject({ kind: 'job-failed', code: 'file-not-found' });
});

it('throws what may go well the next time', async () => {
  const { ports, upload } = portsInMemory();
  const store = {
    ...ports.store,
    open: () => Promise.reject(new MurmurationError('store-unavailable', 'S3 does not answer')),
  };
  const uploaded = await upload('uploads/a.wav', '1');
  await expect(runStep(['media-uploaded'], uploaded, { ...ports, store })).rejects.toMatchObject({
    code: 'store-unavailable',
    retryable: true,
  });
});

it('says in words what broke a state', async () => {
  const { ports, json } = portsInMemory();
  const failure = {
    Error: 'Runtime.HandlerError',
    Cause: '{"errorType":"Error","errorMessage":"no disk","trace":[]}',
  };
  await runStep(['job-failed'], { kind: 'job-failed', sourceKey: 'uploads/a.wav', failure }, ports);
  expect(await json('transcripts/uploads/a.wav.status.json')).toMatchObject({
    state: 'failed',
    code: 'Runtime.HandlerError',
    reason: 'no disk',
  });
});
