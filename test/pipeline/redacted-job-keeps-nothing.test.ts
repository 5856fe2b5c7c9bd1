import { memoryCache } from '@murmuration/pipeline/cache/memory-cache';
import type { InferenceFinished } from '@murmuration/pipeline/contract/messages';
import { runStep } from '@murmuration/pipeline/pipeline';
import type { Engine, ObjectStore } from '@murmuration/pipeline/ports';
import { expect, it } from 'vitest';
import { segmentOf } from '../unit/factories/transcript.ts';
import { portsInMemory } from './fakes.ts';
import { type Gpu, runJob } from './local-machine.ts';
import { workingGpu } from './working-gpu.ts';

/** Says a card number, half of it at the end of one segment and half at the start of the next; the third is left out. */
const cardEngine: Engine = {
  modelId: 'fake',
  modelSha256: 'f'.repeat(64),
  timesWords: false,
  async transcribe(pcms) {
    const said: Record<number, string> = {
      1: ' My card is 4111 1111',
      2: ' 1111 1111, Jeff.',
      3: ' or 5500-0000-0000-0004.',
    };
    return pcms.map((pcm) => {
      const text = said[Math.round(pcm[0]! * 1000)] ?? ' Thanks.';
      return segmentOf({ endSeconds: 1, text });
    });
  },
  async close() {},
};

const edits = { redact: ['card'], replace: [{ find: 'jeff', with: 'Geoff' }] };
const PRIVATE = /1111|0000/;

function machine(options: object = { edits }) {
  const cache = memoryCache({ maxEntries: 10 });
  const kept: string[] = [];
  const watched = {
    get: (key: string) => cache.get(key),
    set: async (key: string, transcript: Parameters<typeof cache.set>[1]) => {
      kept.push(transcript.text);
      await cache.set(key, transcript);
    },
  };
  const made = portsInMemory({ engine: cardEngine, cache: watched });
  const begin = async () => {
    await made.store.write('uploads/call.wav.options.json', JSON.stringify(options));
    return made.upload('uploads/call.wav', '1 2 3 4');
  };
  return { ...made, kept, begin };
}

/** Keys of all objects in which something private can be read. */
async function leaks({ store, text }: ReturnType<typeof machine>): Promise<string[]> {
  const found = await Promise.all(store.keys().map(async (key) => [key, await text(key)] as const));
  return found.filter(([, body]) => PRIVATE.test(body)).map(([key]) => key);
}

const noticing = (store: ObjectStore, notices: InferenceFinished[]): Gpu => {
  const working = workingGpu(store, cardEngine);
  return async (request) => {
    const finished = await working(request);
    notices.push(finished!);
    return finished;
  };
};

it('delivers what is redacted, also across segments, and keeps nothing of the rest', async () => {
  const made = machine();
  const end = await runJob(await made.begin(), { ports: made.ports });
  expect(end).toMatchObject({ kind: 'transcript-ready', state: 'done' });
  const text = await made.text('transcripts/uploads/call.wav.txt');
  expect(text).toContain('My card is [card] , Geoff. or [card]. Thanks.');
  expect(await made.text('transcripts/uploads/call.wav.srt')).toContain('[card]');
  expect(await leaks(made)).toEqual([]);
  expect(made.kept).toEqual([]);
  expect(JSON.stringify(end)).not.toMatch(PRIVATE);
});

it('keeps batches and cache where nothing private is asked for, and edits all the same', async () => {
  const made = machine({ edits: { replace: edits.replace } });
  await runJob(await made.begin(), { ports: made.ports });
  expect(await made.text('transcripts/uploads/call.wav.txt')).toContain('4111 1111 1111 1111, Geoff.');
  expect(await leaks(made)).toContain(made.store.keys().find((key) => key.includes('/attempt-cpu')));
  expect(made.kept).toHaveLength(4);
});

it('leaves the same bytes where merging runs twice, though its batches are empty then', async () => {
  const made = machine();
  const end = await runJob(await made.begin(), { ports: made.ports });
  const contents = async () => Promise.all(made.store.keys().map(async (key) => [key, await made.text(key)]));
  const before = await contents();
  const message = { kind: 'plan-transcribed', jobId: end.jobId };
  expect(await runStep(['plan-transcribed'], message, made.ports)).toEqual(end);
  expect(await contents()).toEqual(before);
});

it('takes answers out of the endpoint’s objects, and none that come late or twice', async () => {
  const made = machine();
  const notices: InferenceFinished[] = [];
  const end = await runJob(await made.begin(), { ports: made.ports, gpu: noticing(made.store, notices) });
  expect(end).toMatchObject({ state: 'done' });
  expect(await leaks(made)).toEqual([]);
  const [notice] = notices;
  await made.store.write(notice!.outputKey!, 'it came late: 4111 1111 1111 1111');
  const answer = await runStep(['inference-finished'], notice, made.ports);
  expect(answer).toMatchObject({ kind: 'inference-unknown' });
  expect(await leaks(made)).toEqual([]);
});

it('answers a notice that comes twice while the job is under way as it did before', async () => {
  const made = machine();
  const working = workingGpu(made.store, cardEngine);
  const answers: unknown[] = [];
  const gpu: Gpu = async (request) => {
    const finished = await working(request);
    answers.push(await runStep(['inference-finished'], finished, made.ports));
    return finished;
  };
  expect(await runJob(await made.begin(), { ports: made.ports, gpu })).toMatchObject({ state: 'done' });
  expect(answers).toMatchObject([{ kind: 'task-succeeded' }]);
  expect(await made.text('transcripts/uploads/call.wav.txt')).toContain('[card]');
});

it('keeps nothing of a job that fails, and hears it anew the next time', async () => {
  const made = machine();
  const message = await made.begin();
  let isBroken = true;
  const store: ObjectStore = {
    ...made.store,
    async write(key, body, options) {
      if (isBroken && key.endsWith('.srt')) throw new Error('the disk is full');
      await made.store.write(key, body, options);
    },
  };
  const end = await runJob(message, { ports: { ...made.ports, store } });
  expect(end).toMatchObject({ kind: 'job-failed' });
  const left = (await leaks(made)).filter((key) => !key.startsWith('transcripts/'));
  expect(left).toEqual([]);
  isBroken = false;
  expect(await runJob(message, { ports: made.ports })).toMatchObject({ state: 'done' });
  expect(await leaks(made)).toEqual([]);
});

it('refuses rules that cannot be used before anything is heard', async () => {
  const regexes = ['(?<=a)b', '(.{1000})x'];
  for (const regex of regexes) {
    const made = machine({ edits: { replace: [{ regex, with: '' }] } });
    expect(await runJob(await made.begin(), { ports: made.ports })).toMatchObject({
      kind: 'job-failed',
      code: 'invalid-argument',
      reason: expect.stringMatching(/^the r/),
    });
    expect(made.store.keys().filter((key) => key.includes('/audio.'))).toEqual([]);
  }
});

it('is another job than the same recording without edits', async () => {
  const made = machine();
  const first = await runJob(await made.begin(), { ports: made.ports });
  await made.store.write('uploads/call.wav.options.json', '{}');
  const second = await runJob(await made.upload('uploads/call.wav', '1 2 3 4'), { ports: made.ports });
  expect(second.jobId).not.toBe(first.jobId);
});
