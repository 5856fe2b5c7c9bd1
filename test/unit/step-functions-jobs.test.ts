import { randomUUID } from 'node:crypto';
import { SFNClient } from '@aws-sdk/client-sfn';
import type { DynamoTable, TableItem, TableKey } from '@murmuration/api/adapters/dynamo-table';
import { jobExecutions } from '@murmuration/api/adapters/job-executions';
import { JobItem } from '@murmuration/api/adapters/job-item';
import { stepFunctionsJobs } from '@murmuration/api/adapters/step-functions-jobs';
import type { JobTraces } from '@murmuration/api/adapters/sweep-job';
import { resourceId } from '@murmuration/api/contract/resource-id';
import { JobOptions } from '@murmuration/pipeline/contract/job';
import type { JobStatus } from '@murmuration/pipeline/contract/job-status';
import { MurmurationError } from '@murmuration/pipeline/errors';
import { jobIdOf, jobIdOfSource } from '@murmuration/pipeline/jobs/job-id';
import { keys } from '@murmuration/pipeline/keys';
import type { ObjectStore } from '@murmuration/pipeline/ports';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AwsServer, startAwsServer } from './factories/aws-server.ts';

let objects: Map<string, string | Uint8Array>;
let items: Map<string, TableItem>;
/** By name. Step Functions gives none twice. */
let executions: Map<string, 'RUNNING' | 'ABORTED' | 'TIMED_OUT'>;
/** The last one. */
let begunWith: { uploadedAt?: number };
let onStart: () => Promise<void>;
let onFetch: () => Promise<void>;
let onRemoveUpload: () => Promise<void>;
let reads: number;
const machines = 'arn:aws:states:us-east-1:000000000000:stateMachine';
let now: number;
let server: AwsServer;
let client: SFNClient;
let held: Map<string, { seconds: number; settled?: true }>;
let statuses: Map<string, JobStatus>;
/** What is to be swept later. */
let swept: Map<string, JobTraces>;
let uploads: Set<string>;
let brokenFetch: Error | undefined;

beforeEach(async () => {
  [objects, items, executions] = [new Map(), new Map(), new Map()];
  [onStart, onFetch, onRemoveUpload, reads] = [async () => {}, async () => {}, async () => {}, 0];
  now = 1_800_000_000_000;
  held = new Map();
  statuses = new Map();
  [swept, uploads, brokenFetch] = [new Map(), new Set(['upload_1']), undefined];
  server = await startAwsServer(async (operation, asked: Record<string, string>) => {
    const { name = '', stateMachineArn, input = '' } = asked;
    const execution = asked['executionArn']?.split(':').at(-1) ?? '';
    switch (operation) {
      case 'DescribeExecution': {
        const status = executions.get(execution);
        return status === undefined ? { __type: 'ExecutionDoesNotExist' } : { status };
      }
      case 'StopExecution':
        if (!executions.has(execution)) return { __type: 'ExecutionDoesNotExist' };
        executions.set(execution, 'ABORTED');
        return {};
      default:
        if (stateMachineArn?.endsWith(':removal')) {
          swept.set(name, JSON.parse(input));
          return {};
        }
        if (executions.has(name)) return { __type: 'ExecutionAlreadyExists' };
        executions.set(name, 'RUNNING');
        begunWith = JSON.parse(input);
        await onStart();
        return {};
    }
  });
  client = new SFNClient(server.access);
});
afterEach(() => {
  client.destroy();
  server.close();
});

const placeOf = ({ pk, sk }: TableKey) => `${pk} ${sk}`;

type Header = { durationSeconds: number | undefined; channels: number };

function opened(probe: () => Promise<Header> = async () => ({ durationSeconds: 10, channels: 2 })) {
  const table: Partial<DynamoTable> = {
    get: async (key) => items.get(placeOf(key)),
    async putNew(item) {
      if (items.has(placeOf(item))) return false;
      items.set(placeOf(item), item);
      return true;
    },
    // The one kind of change that jobs make
    async change(key, { update, condition, values }) {
      const item = items.get(placeOf(key));
      const [, name = '', value = ''] = /^SET (\w+) = (:\w+)$/.exec(update) ?? [];
      expect(condition).toBe('createdAt = :createdAt');
      if (item?.['createdAt'] !== values[':createdAt']) return undefined;
      items.set(placeOf(key), { ...item, [name]: values[value] });
      return items.get(placeOf(key));
    },
    async page(pk, prefix, { after, limit }) {
      const found = [...items.values()].filter((item) => item['pk'] === pk) as (TableItem & TableKey)[];
      const behind = found.filter(({ sk }) => sk.startsWith(prefix) && (after === undefined || sk < after));
      return behind.sort((a, b) => (a.sk < b.sk ? 1 : -1)).slice(0, limit);
    },
    async remove(key, { condition, values }) {
      expect(condition).toBe('createdAt = :at');
      if (items.get(placeOf(key))?.['createdAt'] === values[':at']) items.delete(placeOf(key));
    },
  };
  const store: Partial<ObjectStore> = {
    read: async (key) => {
      reads++;
      const status = statuses.get(key);
      return status && Buffer.from(JSON.stringify(status));
    },
    write: async (key, body) => void objects.set(key, body),
  };
  return stepFunctionsJobs({
    executions: jobExecutions({
      stateMachineArn: `${machines}:kit`,
      removalMachineArn: `${machines}:removal`,
      client,
    }),
    table: table as DynamoTable,
    store: store as ObjectStore,
    folder: {
      list: async () => [],
      async remove(prefix) {
        for (const key of [...objects.keys()]) if (key.startsWith(prefix)) objects.delete(key);
      },
    },
    async fetchRecording(_, key) {
      await onFetch();
      if (brokenFetch !== undefined) throw brokenFetch;
      objects.set(key, 'sound');
      return { etag: 'e', sizeBytes: 5 };
    },
    async removeUpload(_, id) {
      await onRemoveUpload();
      uploads.delete(id);
    },
    probe,
    ledger: {
      admit: async () => undefined,
      spent: async () => booked(),
      async spend(_, seconds, holder = '') {
        if (!held.get(holder)?.settled) held.set(holder, { seconds });
        return true;
      },
      async settle(holder, seconds = 0) {
        if (held.has(holder) && !held.get(holder)?.settled) held.set(holder, { seconds, settled: true });
      },
    },
    clock: () => now,
  });
}

const request = {
  ...{
    id: resourceId('job', 1, '00000000-0000-4000-8000-000000000000'),
    owner: 'ann',
    name: 'a',
    model: 'm',
  },
  key: { id: 'k', hash: '0'.repeat(64), owner: 'ann', createdAt: '2026-01-01T00:00:00.000Z' },
  ...{ source: { kind: 'url', url: 'https://a.example/a' } as const, options: JobOptions.parse({}) },
};
const running = () => [...executions.values()].filter((status) => status === 'RUNNING').length;
/** But what says that a job was removed. */
const left = () => [...objects.keys()].filter((key) => !key.startsWith(keys.removedPrefix));
const booked = () => [...held.values()].reduce((sum, { seconds }) => sum + seconds, 0);

/** As the pipeline writes it. */
function tell(status: Partial<JobStatus>): void {
  const { sourceKey } = JobItem.parse(items.get(`owner#ann job#${request.id}`));
  const updatedAt = new Date(now).toISOString();
  statuses.set(keys.sourceStatus(sourceKey), {
    ...{ jobId: 'j', sourceKey, state: 'transcribing', updatedAt },
    ...status,
  });
}

describe('a job on AWS', () => {
  it('runs once, though it is begun twice at once', async () => {
    const jobs = opened();
    await Promise.all([jobs.create(request), jobs.create(request)]);
    now += 1000;
    await jobs.create(request);
    expect(executions.size).toBe(1);
    expect([...executions.keys()][0]!.length).toBeLessThanOrEqual(80);
  });

  it('that was removed runs again where the same request comes again', async () => {
    const jobs = opened();
    await jobs.create(request);
    await jobs.remove('ann', request.id);
    expect(running()).toBe(0);
    now += 1000;
    await jobs.create(request);
    expect(running()).toBe(1);
    expect(executions.size).toBe(2);
  });

  it('that is removed while it is begun leaves nothing behind', async () => {
    const jobs = opened();
    onStart = async () => void (await jobs.remove('ann', request.id));
    await expect(jobs.create(request)).rejects.toMatchObject({ code: 'conflict' });
    expect(await jobs.list('ann', { limit: 10 })).toEqual({ jobs: [], nextCursor: undefined });
    expect({ running: running(), held: booked(), objects: left() }).toEqual({
      ...{ running: 0, held: 0, objects: [] },
    });
  });

  it('that is removed while its recording is fetched leaves nothing behind', async () => {
    const jobs = opened();
    onFetch = async () => void (await jobs.remove('ann', request.id));
    await expect(jobs.create(request)).rejects.toMatchObject({ code: 'conflict' });
    expect({ items: items.size, executions: executions.size, held: booked(), objects: left() }).toEqual({
      ...{ items: 0, executions: 0, held: 0, objects: [] },
    });
  });

  it('that is removed says so to whoever works on it, and has it swept again when they have ended', async () => {
    const jobs = opened();
    await jobs.create({ ...request, source: { kind: 'upload', uploadId: 'upload_1' } });
    const { sourceKey, jobId } = JobItem.parse([...items.values()][0]);
    expect(jobId).toBe(jobIdOf({ sourceKey, etag: 'e', options: request.options, model: 'm' }));
    const jobIds = [jobId!, jobIdOfSource(sourceKey)];
    await jobs.remove('ann', request.id);
    expect([...objects.keys()]).toEqual(jobIds.map(keys.removed));
    expect([...swept.values()]).toEqual([{ sourceKey, jobIds }]);
    expect([...swept.keys()][0]!.length).toBeLessThanOrEqual(80);
    expect(uploads.size).toBe(0);
    now += 1000;
    await jobs.create(request);
    const again = JobItem.parse([...items.values()][0]);
    expect(again.sourceKey.startsWith(sourceKey)).toBe(false);
    expect(jobIds).not.toContain(again.jobId);
  });

  it('is booked by what is heard of it, whatever its header says, once', async () => {
    const jobs = opened(async () => ({ durationSeconds: 1, channels: 1 }));
    await jobs.create(request);
    expect(booked()).toBe(1);
    tell({ state: 'done', durationSeconds: 3600 });
    await jobs.get('ann', request.id);
    expect(booked()).toBe(3600);
    tell({ state: 'done', durationSeconds: 7200 });
    await jobs.list('ann', { limit: 1 });
    expect(booked()).toBe(3600);
  });

  it('pays for each channel that is transcribed for itself', async () => {
    const jobs = opened();
    const separate = { ...request, options: JobOptions.parse({ channels: 'separate' }) };
    await jobs.create(separate);
    expect(booked()).toBe(20);
    tell({ state: 'partial', durationSeconds: 9, heardSeconds: 18 });
    await jobs.get('ann', request.id);
    expect(booked()).toBe(18);
  });

  it('is booked by its size where its header says no length, or none at all', async () => {
    for (const durationSeconds of [undefined, 0]) {
      held.clear();
      now += 1;
      const jobs = opened(async () => ({ durationSeconds, channels: 1 }));
      await jobs.create(request);
      expect(booked()).toBe(5 / 4000);
      await jobs.remove('ann', request.id);
    }
  });

  it.each([
    ['stopped by hand', 'ABORTED', 'aborted'],
    ['ended by its time limit', 'TIMED_OUT', 'internal'],
  ] as const)('that was %s fails, and gives back what it held', async (_, end, code) => {
    const jobs = opened();
    await jobs.create(request);
    tell({ state: 'transcribing', durationSeconds: 10 });
    executions.set([...executions.keys()][0]!, end);
    now += 10 * 60_000;
    expect((await jobs.get('ann', request.id))?.state).toBe('running');
    now += 10 * 60_000;
    expect(await jobs.get('ann', request.id)).toMatchObject({ state: 'failed', error: { code } });
    expect(booked()).toBe(0);
  });

  it('goes on where its beginning broke off after Step Functions had begun it', async () => {
    const jobs = opened();
    await jobs.create(request);
    const place = [...items.keys()][0]!;
    items.set(place, { ...items.get(place), begun: false });
    now += 16 * 60_000;
    expect((await jobs.get('ann', request.id))?.state).toBe('queued');
    objects.clear();
    await jobs.create(request);
    expect(items.get(place)).toMatchObject({ begun: true });
    // Nothing was fetched again
    expect({ executions: executions.size, objects: objects.size, held: booked() }).toEqual({
      ...{ executions: 1, objects: 0, held: 10 },
    });
  });

  it('leaves no copy of what is no recording', async () => {
    const unreadable = () => Promise.reject(new MurmurationError('media-unreadable', 'it is not audio'));
    await expect(opened(unreadable).create(request)).rejects.toMatchObject({ code: 'media-unreadable' });
    expect({ items: items.size, objects: objects.size }).toEqual({ items: 0, objects: 0 });
  });

  it('is not lost with the one before it, which is still being removed', async () => {
    const jobs = opened();
    await jobs.create({ ...request, source: { kind: 'upload', uploadId: 'upload_1' } });
    onRemoveUpload = async () => {
      onRemoveUpload = async () => {};
      await jobs.remove('ann', request.id);
      now += 1000;
      await jobs.create(request);
    };
    await jobs.remove('ann', request.id);
    expect((await jobs.get('ann', request.id))?.state).toBe('queued');
    expect({ running: running(), items: items.size }).toEqual({ running: 1, items: 1 });
  });

  it('is seen while its recording is fetched, and begun by one alone', async () => {
    const jobs = opened();
    onFetch = async () => {
      expect((await jobs.create(request)).state).toBe('queued');
      expect((await jobs.get('ann', request.id))?.state).toBe('queued');
      now += 200_000;
    };
    await jobs.create(request);
    // Fetching is no waiting for the pipeline
    expect(begunWith.uploadedAt).toBe(now);
    expect({ executions: executions.size, objects: objects.size }).toEqual({ executions: 1, objects: 2 });
  });

  it('is begun at once by who sends it again, where its recording could not be fetched', async () => {
    const jobs = opened();
    brokenFetch = new MurmurationError('store-unavailable', 'S3 cannot be reached');
    await expect(jobs.create(request)).rejects.toBe(brokenFetch);
    expect({ items: items.size, objects: objects.size, held: booked() }).toEqual({
      ...{ items: 0, objects: 0, held: 0 },
    });
    brokenFetch = undefined;
    expect((await jobs.create(request)).state).toBe('queued');
    expect(running()).toBe(1);
  });

  it('is begun anew where its beginning died long ago, and leaves nothing of that', async () => {
    const jobs = opened();
    await jobs.create(request);
    const place = [...items.keys()][0]!;
    items.set(place, { ...items.get(place), begun: false });
    executions.clear();
    const before = [...objects.keys()];
    now += 16 * 60_000;
    await jobs.create(request);
    expect({ running: running(), held: booked() }).toEqual({ running: 1, held: 10 });
    expect([...objects.keys()].filter((key) => before.includes(key))).toEqual([]);
  });
});

describe('jobs on AWS', () => {
  const requestAt = (milliseconds: number) => ({
    ...request,
    id: resourceId('job', milliseconds, randomUUID()),
  });

  const addItem = (id: string, sourceKey: string) =>
    items.set(`owner#ann job#${id}`, {
      ...{ pk: 'owner#ann', sk: `job#${id}` },
      ...{ id, name: 'a', model: 'm', sourceKey, createdAt: now, begun: true },
    });

  it('are listed by some requests for each, however many batches they have, and without their texts', async () => {
    const jobs = opened();
    for (let count = 0; count < 100; count++) {
      const { id } = requestAt(now + count);
      const sourceKey = `uploads/api/a/${id}`;
      addItem(id, sourceKey);
      statuses.set(keys.sourceStatus(sourceKey), {
        ...{ jobId: 'j', sourceKey, state: 'transcribing', durationSeconds: 10, batches: 10_000 },
        updatedAt: new Date(now).toISOString(),
      });
    }
    reads = 0;
    const { jobs: listed } = await jobs.list('ann', { limit: 100 });
    expect(listed).toHaveLength(100);
    expect(listed[0]).not.toHaveProperty('text');
    expect(reads).toBe(100);
  });

  it('are listed once each, newest first, while others are added and removed, also the one a page ended at', async () => {
    const step = fc.record({
      limit: fc.integer({ min: 1, max: 4 }),
      added: fc.integer({ min: 0, max: 3 }),
      removed: fc.array(fc.nat({ max: 19 }), { maxLength: 4 }),
      removesCursor: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 12 }), fc.infiniteStream(step), async (count, steps) => {
        items.clear();
        let time = 1;
        const add = () => {
          const { id } = requestAt(time++);
          addItem(id, 'uploads/api/a');
          return id;
        };
        const first = Array.from({ length: count }, add);
        const gone = new Set<string>();
        const remove = (id: string | undefined) => {
          if (id === undefined || !items.delete(`owner#ann job#${id}`)) return;
          gone.add(id);
        };
        const jobs = opened();
        const seen: string[] = [];
        let cursor: string | undefined;
        do {
          const { limit, added, removed, removesCursor } = steps.next().value!;
          const page = await jobs.list('ann', { cursor, limit });
          expect(page.jobs.length).toBeLessThanOrEqual(limit);
          seen.push(...page.jobs.map(({ id }) => id));
          cursor = page.nextCursor;
          for (let more = 0; more < added; more++) add();
          for (const index of removed) remove(first[index]);
          if (removesCursor) remove(cursor);
        } while (cursor !== undefined);
        expect(seen).toEqual([...new Set(seen)].sort().reverse());
        expect(first.filter((id) => !gone.has(id) && !seen.includes(id))).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });
});
