import { readStatus, standingOf } from '@murmuration/api/adapters/standing-of';
import { memoryObjectStore } from '@murmuration/pipeline/adapters/memory-object-store';
import type { BatchResult, Lane } from '@murmuration/pipeline/contract/batch-result';
import { JobOptions } from '@murmuration/pipeline/contract/job';
import { keys } from '@murmuration/pipeline/keys';
import { beforeEach, describe, expect, it } from 'vitest';
import { segmentOf } from './factories/transcript.ts';

const jobId = 'a'.repeat(32);
const sourceKey = 'uploads/api/ada/job_1';
const job = { id: 'job_1', name: 'talk.mp3', model: 'm', sourceKey, createdAt: 1000 };

let store: ReturnType<typeof memoryObjectStore>;
let written: string[];
beforeEach(async () => {
  store = memoryObjectStore();
  written = [];
  await write(keys.options(sourceKey), JobOptions.parse({}));
});

async function write(key: string, value: unknown): Promise<void> {
  written.push(key);
  await store.write(key, JSON.stringify(value));
}

const status = (fields: object) =>
  write(keys.sourceStatus(sourceKey), {
    ...{ jobId, sourceKey, state: 'transcribing', durationSeconds: 100, batches: 4 },
    ...{ updatedAt: '2026-01-01T00:00:00.000Z' },
    ...fields,
  });

const heard = (index: number, text: string, lane: Lane = 'gpu') =>
  write(keys.batchResult(jobId, index, lane), {
    ...{ jobId, index, lane, model: 'm', cached: 0, soundSha256: '0'.repeat(64) },
    ...{ segmentSeconds: [1], engineSeconds: 1 },
    transcripts: text.split('|').map((piece) => segmentOf({ text: ` ${piece}` })),
  } satisfies BatchResult);

async function standing() {
  const folder = {
    list: async (prefix: string) => written.filter((key) => key.startsWith(prefix)),
    remove: async () => {},
  };
  return standingOf(job, { store, folder }, await readStatus(job, store));
}

describe('a job that goes on', () => {
  it('is queued, then running without a word', async () => {
    expect(await standing()).toMatchObject({ state: 'queued', text: '', progress: { done_seconds: 0 } });
    await status({ state: 'splitting', durationSeconds: undefined, batches: undefined });
    expect(await standing()).toMatchObject({
      state: 'running',
      text: '',
      progress: { done_seconds: 0, total_seconds: null },
    });
  });

  it('shows the text of the batches that are done, in order, and where one is missing', async () => {
    await status({});
    await heard(2, 'And later.');
    await heard(0, 'First.|Then.');
    expect(await standing()).toMatchObject({
      state: 'running',
      text: 'First. Then. … And later.',
      language: 'en',
      progress: { done_seconds: 50, total_seconds: 100 },
    });
  });

  it('takes what merging will take where both lanes answered, and leaves out what cannot be read', async () => {
    await status({});
    await heard(0, 'From the GPU.');
    await heard(0, 'From the CPU.', 'cpu');
    await write(keys.batchResult(jobId, 1, 'gpu'), {});
    await write(keys.batchFailure(jobId, 2, 'gpu'), {});
    expect(await standing()).toMatchObject({ text: 'From the CPU.', progress: { done_seconds: 50 } });
  });

  it.each([
    ['redacted', { redact: ['email'] }],
    ['replaced', { replace: [{ find: 'Ann', with: 'Anne' }] }],
  ])('shows nothing of what is yet to be %s', async (_, edits) => {
    await write(keys.options(sourceKey), JobOptions.parse({ edits }));
    await status({});
    await heard(0, 'Write to ann@example.com.');
    expect(await standing()).toMatchObject({ text: '', language: null, progress: { done_seconds: 25 } });
  });

  it('shows nothing where nobody knows what was chosen', async () => {
    await write(keys.options(sourceKey), { edits: 'all' });
    await status({});
    await heard(0, 'First.');
    expect(await standing()).toMatchObject({ text: '' });
  });
});
