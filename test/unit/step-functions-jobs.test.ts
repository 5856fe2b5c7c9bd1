import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { SFNClient } from '@aws-sdk/client-sfn';
import type { DynamoTable, TableItem, TableKey } from '@murmuration/api/adapters/dynamo-table';
import { stepFunctionsJobs } from '@murmuration/api/adapters/step-functions-jobs';
import { resourceId } from '@murmuration/api/contract/resource-id';
import { JobOptions } from '@murmuration/pipeline/contract/job';
import type { JobStatus } from '@murmuration/pipeline/contract/job-status';
import { MurmurationError } from '@murmuration/pipeline/errors';
import { keys } from '@murmuration/pipeline/keys';
import type { ObjectStore } from '@murmuration/pipeline/ports';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

let objects: Map<string, string | Uint8Array>;
let items: Map<string, TableItem>;
/** By name. Step Functions gives none twice. */
let executions: Map<string, 'RUNNING' | 'ABORTED' | 'TIMED_OUT'>;
let onStart: () => Promise<void>;
let now: number;
let server: Server;
let client: SFNClient;
let held: Map<string, { seconds: number; settled?: true }>;
let statuses: Map<string, JobStatus>;

beforeEach(async () => {
  [objects, items, executions] = [new Map(), new Map(), new Map()];
  onStart = async () => {};
  now = 1_800_000_000_000;
  held = new Map();
  statuses = new Map();
  server = createServer(async (request, response) => {
    const { name, executionArn } = JSON.parse((await buffer(request)).toString());
    response.setHeader('content-type', 'application/x-amz-json-1.0');
    const target = String(request.headers['x-amz-target']);
    const asked = executionArn?.split(':').at(-1);
    if (target.endsWith('DescribeExecution')) {
      response.statusCode = executions.has(asked) ? 200 : 400;
      const none = { __type: 'ExecutionDoesNotExist' };
      const status = executions.get(asked);
      return response.end(JSON.stringify(status === undefined ? none : { status }));
    }
    if (target.endsWith('StopExecution')) {
      executions.set(asked, 'ABORTED');
    } else if (executions.has(name)) {
      response.statusCode = 400;
      return response.end(JSON.stringify({ __type: 'ExecutionAlreadyExists' }));
    } else {
      executions.set(name, 'RUNNING');
      await onStart();
    }
    response.end('{}');
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  client = new SFNClient({
    region: 'us-east-1',
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
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
    // The one change that jobs make
    async change(key, { condition }) {
      if (condition === 'attribute_exists(pk)' && !items.has(placeOf(key))) return undefined;
      items.set(placeOf(key), { ...items.get(placeOf(key)), ...key, begun: true });
      return items.get(placeOf(key));
    },
    page: async () => [...items.values()],
    removeAll: async (keys) => keys.forEach((key) => void items.delete(placeOf(key))),
  };
  const store: Partial<ObjectStore> = {
    read: async (key) => {
      const status = statuses.get(key);
      return status && Buffer.from(JSON.stringify(status));
    },
    write: async (key, body) => void objects.set(key, body),
  };
  return stepFunctionsJobs({
    stateMachineArn: 'arn:aws:states:us-east-1:000000000000:stateMachine:kit',
    table: table as DynamoTable,
    store: store as ObjectStore,
    folder: {
      list: async () => [],
      async remove(prefix) {
        for (const key of [...objects.keys()]) if (key.startsWith(prefix)) objects.delete(key);
      },
    },
    async fetchRecording({ id }) {
      objects.set(`uploads/api/a/${id}`, 'sound');
      return { key: `uploads/api/a/${id}`, etag: 'e', sizeBytes: 5 };
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
    client,
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
const booked = () => [...held.values()].reduce((sum, { seconds }) => sum + seconds, 0);

/** As the pipeline writes it. */
function tell(status: Partial<JobStatus>): void {
  const sourceKey = `uploads/api/a/${request.id}`;
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
    expect({ running: running(), held: booked(), objects: objects.size }).toEqual({
      ...{ running: 0, held: 0, objects: 0 },
    });
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
});
