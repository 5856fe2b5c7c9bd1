import { expect, it } from 'vitest';
import { numberEngine, portsInMemory } from './fakes.ts';
import { runJob } from './local-machine.ts';
import { workingGpu } from './working-gpu.ts';

const numbers = Array.from({ length: 20 }, (_, index) => index + 1);

it('turns an upload into transcripts in all formats, in the recording’s order, through the GPU lane', async () => {
  const { ports, store, counted, upload, text, json } = portsInMemory({ prices: { gpu: 1, cpu: 0.5 } });
  const uploaded = await upload('uploads/talk.mp3', numbers.join(' '));
  const waited = { ...uploaded, uploadedAt: '2026-11-24T11:59:00Z' };
  const end = await runJob(waited, { ports, gpu: workingGpu(store, numberEngine()) });

  const outputs = Object.fromEntries(
    ['json', 'srt', 'vtt', 'tsv', 'txt'].map((name) => [name, `transcripts/uploads/talk.mp3.${name}`]),
  );
  const jobId = end.jobId;
  expect(jobId).toMatch(/^[0-9a-f]{32}$/);
  expect(end).toEqual({
    kind: 'transcript-ready',
    jobId,
    sourceKey: 'uploads/talk.mp3',
    state: 'done',
    durationSeconds: 20,
    outputs,
  });
  expect(await text('transcripts/uploads/talk.mp3.txt')).toBe(`${numbers.map((n) => `${n}.`).join(' ')}\n`);
  expect(await text('transcripts/uploads/talk.mp3.srt')).toContain('-->');
  const { segments } = await json('transcripts/uploads/talk.mp3.json');
  expect(segments.map((segment: { startSeconds: number }) => segment.startSeconds)).toEqual(
    numbers.map((n) => n - 1),
  );
  const status = await json(`jobs/${jobId}/status.json`);
  expect(status).toEqual({
    jobId,
    sourceKey: 'uploads/talk.mp3',
    state: 'done',
    durationSeconds: 20,
    batches: 3,
    failedBatches: [],
    lanes: { gpu: 3, cpu: 0 },
    cachedSegments: 0,
    warnings: [],
    outputs,
    updatedAt: expect.stringMatching(/^2026-11-24T/),
  });
  expect(await json('transcripts/uploads/talk.mp3.status.json')).toEqual(status);
  expect(counted).toContainEqual(['QueueWait', 61_000]);
  expect(counted).toContainEqual(['AudioSeconds', 20]);
  expect(counted).toContainEqual(['JobsDone', 1]);
  expect(counted.filter(([name]) => name === 'Batches')).toEqual(Array(3).fill(['Batches', 1, 'gpu']));
  expect(counted.find(([name]) => name === 'EstimatedCost')?.[1]).toBeCloseTo(2);
  const latencies = counted.filter(([name]) => name === 'SegmentLatency');
  expect(latencies).toEqual([8, 8, 4].map((count) => ['SegmentLatency', Array(count).fill(100), 'gpu']));
});

it('keeps channels apart, and takes options that lie beside the recording', async () => {
  const { ports, store, upload, text, json } = portsInMemory();
  const options = { channels: 'separate', formats: ['json', 'txt'] };
  await store.write('uploads/call.wav.options.json', JSON.stringify(options));
  const end = await runJob(await upload('uploads/call.wav', '1 2 3\n11 12 13'), { ports });
  expect(end).toMatchObject({ state: 'done', durationSeconds: 3, heardSeconds: 6 });
  expect(await json('transcripts/uploads/call.wav.status.json')).toMatchObject({ heardSeconds: 6 });
  const { segments } = await json('transcripts/uploads/call.wav.json');
  expect(
    segments.map(({ channel, text: said }: { channel: number; text: string }) => [channel, said]),
  ).toEqual([
    [0, ' 1.'],
    [1, ' 11.'],
    [0, ' 2.'],
    [1, ' 12.'],
    [0, ' 3.'],
    [1, ' 13.'],
  ]);
  expect(store.keys().filter((key) => key.startsWith('transcripts/'))).toEqual([
    'transcripts/uploads/call.wav.json',
    'transcripts/uploads/call.wav.status.json',
    'transcripts/uploads/call.wav.txt',
  ]);
  expect(await text('transcripts/uploads/call.wav.txt')).toContain('11.');
});
