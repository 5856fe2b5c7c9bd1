import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { SFNClient } from '@aws-sdk/client-sfn';
import type { DynamoTable, TableItem, TableKey } from '@murmuration/api/adapters/dynamo-table';
import { stepFunctionsJobs } from '@murmuration/api/adapters/step-functions-jobs';
import { resourceId } from '@murmuration/api/contract/resource-id';
import { JobOptions } from '@murmuration/pipeline/contract/job';
import { MurmurationError } from '@murmuration/pipeline/errors';
import type { ObjectStore } from '@murmuration/pipeline/ports';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

let objects: Map<string, string | Uint8Array>;
let items: Map<string, TableItem>;
/** Names of executions, with whether they run. Step Functions gives no name twice. */
let executions: Map<string, boolean>;
let onStart: () => Promise<void>;
let now: number;
let server: Server;
let client: SFNClient;
let held: number;

beforeEach(async () => {
  [objects, items, executions] = [new Map(), new Map(), new Map()];
  onStart = async () => {};
  now = 1_800_000_000_000;
  held = 0;
  server = createServer(async (request, response) => {
    const { name, executionArn } = JSON.parse((await buffer(request)).toString());
    response.setHeader('content-type', 'application/x-amz-json-1.0');
    if (String(request.headers['x-amz-target']).endsWith('StopExecution')) {
      executions.set(executionArn.split(':').at(-1), false);
    } else if (executions.has(name)) {
      response.statusCode = 400;
      return response.end(JSON.stringify({ __type: 'ExecutionAlreadyExists' }));
    } else {
      executions.set(name, true);
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

function opened(declaredSeconds: () => Promise<number | undefined> = async () => 10) {
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
    read: async () => undefined,
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
    declaredSeconds,
    ledger: {
      admit: async () => undefined,
      spent: async () => held,
      async spend(_, seconds) {
        held = seconds;
        return true;
      },
      async settle(_, kept) {
        held = Math.min(held, kept);
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
const running = () => [...executions.values()].filter((runs) => runs).length;

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
    expect({ running: running(), held, objects: objects.size }).toEqual({ running: 0, held: 0, objects: 0 });
  });

  it('leaves no copy of what is no recording', async () => {
    const unreadable = () => Promise.reject(new MurmurationError('media-unreadable', 'it is not audio'));
    await expect(opened(unreadable).create(request)).rejects.toMatchObject({ code: 'media-unreadable' });
    expect({ items: items.size, objects: objects.size }).toEqual({ items: 0, objects: 0 });
  });
});
