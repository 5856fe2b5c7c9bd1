import { randomUUID } from 'node:crypto';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateStateMachineCommand, SFNClient } from '@aws-sdk/client-sfn';
import { dynamoIdempotency } from '@murmuration/api/adapters/dynamo-idempotency';
import { dynamoKeyRing, keyItem } from '@murmuration/api/adapters/dynamo-key-ring';
import { dynamoLedger } from '@murmuration/api/adapters/dynamo-ledger';
import { dynamoTable } from '@murmuration/api/adapters/dynamo-table';
import { jobExecutions } from '@murmuration/api/adapters/job-executions';
import { JobItem, jobPlace } from '@murmuration/api/adapters/job-item';
import { s3ObjectFolder } from '@murmuration/api/adapters/s3-object-folder';
import { s3Uploads } from '@murmuration/api/adapters/s3-uploads';
import { stepFunctionsJobs } from '@murmuration/api/adapters/step-functions-jobs';
import { resourceId } from '@murmuration/api/contract/resource-id';
import { s3ObjectStore } from '@murmuration/pipeline/adapters/s3-object-store';
import { JobOptions } from '@murmuration/pipeline/contract/job';
import type { JobStatus } from '@murmuration/pipeline/contract/job-status';
import { keys } from '@murmuration/pipeline/keys';
import type { Clock, RangeSource } from '@murmuration/pipeline/ports';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { type ApiAdapters, apiAdaptersContract } from '../contract/api-adapters.ts';
import { awsAccess } from './aws-access.ts';

const access = awsAccess(inject('twin').endpoint);
const dynamo = new DynamoDBClient(access);
const s3 = new S3Client({ ...access, forcePathStyle: true });
const steps = new SFNClient(access);
const bucket = `adapters-${randomUUID()}`;
const tableName = bucket;
let stateMachineArn: string;

// As cdk/item-table.ts has it
beforeAll(async () => {
  const attribute = (AttributeName: string) => ({ AttributeName, AttributeType: 'S' }) as const;
  await dynamo.send(
    new CreateTableCommand({
      TableName: tableName,
      AttributeDefinitions: [attribute('pk'), attribute('sk')],
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  );
  await s3.send(new CreateBucketCommand({ Bucket: bucket }));
  const definition = { StartAt: 'Work', States: { Work: { Type: 'Wait', Seconds: 600, End: true } } };
  const made = await steps.send(
    new CreateStateMachineCommand({
      name: bucket,
      definition: JSON.stringify(definition),
      roleArn: 'arn:aws:iam::000000000000:role/any',
    }),
  );
  stateMachineArn = made.stateMachineArn!;
});

function opened(clock: Clock, client: SFNClient = steps) {
  const table = dynamoTable({ tableName, client: dynamo });
  const store = s3ObjectStore({ bucket, client: s3 });
  const ledger = dynamoLedger(table, clock);
  const jobs = stepFunctionsJobs({
    executions: jobExecutions({ stateMachineArn, removalMachineArn: stateMachineArn, client }),
    table,
    store,
    folder: s3ObjectFolder({ bucket, client: s3 }),
    async fetchRecording(_, key) {
      await store.write(key, 'sound');
      return { etag: 'e', sizeBytes: 5 };
    },
    removeUpload: async () => undefined,
    probe: async () => ({ durationSeconds: 10, channels: 2 }),
    ledger,
    clock,
  });
  return { table, store, ledger, jobs };
}

describe('in DynamoDB, S3 and Step Functions', () => {
  apiAdaptersContract(async (clock): Promise<ApiAdapters> => {
    const { table, store, ledger, jobs } = opened(clock);
    return {
      ledger,
      jobs,
      idempotency: dynamoIdempotency(table, clock),
      uploads: s3Uploads({ bucket, table, store, clock, client: s3 }),
      keyRing: dynamoKeyRing(table),
      addKey: async (key) => void (await table.putNew({ ...keyItem(key.hash), ...key }, 0)),
      revokeKey: ({ hash }) => table.removeAll([keyItem(hash)]),
      async send(_owner, { parts }, bytes) {
        const sent = parts.map(async ({ url, startByte, endByte }) => {
          const body = new Uint8Array(bytes.subarray(startByte, endByte));
          return (await fetch(url, { method: 'PUT', body })).headers.get('etag')!;
        });
        return Promise.all(sent);
      },
      async read(source) {
        const { read, sizeBytes } = source as RangeSource;
        return Buffer.from(await read(0, sizeBytes));
      },
      // As the pipeline writes it
      async hear({ id, owner }, seconds, end) {
        const { sourceKey } = JobItem.parse(await table.get(jobPlace(owner, id)));
        const status: JobStatus = {
          ...{ jobId: id, sourceKey, state: end ?? 'transcribing', durationSeconds: 10, batches: 10 },
          ...(end === 'failed' && { code: 'media-unreadable', reason: 'it is not audio' }),
          updatedAt: new Date(clock()).toISOString(),
        };
        for (let index = 0; index < seconds; index++)
          await store.write(keys.batchResult(id, index, 'gpu'), '{}');
        await store.write(keys.sourceStatus(sourceKey), JSON.stringify(status));
      },
      close: async () => undefined,
    };
  });
});

describe('a job on AWS whose beginning breaks off', () => {
  const key = () => ({
    ...{ id: `key_${randomUUID()}`, hash: '0'.repeat(64), owner: `owner-${randomUUID()}` },
    ...{ createdAt: '2026-01-01T00:00:00.000Z', budgetSeconds: 15 },
  });
  const requestOf = (of: ReturnType<typeof key>, now: number) => ({
    ...{ id: resourceId('job', now, randomUUID()), owner: of.owner, key: of, name: 'a', model: 'm' },
    ...{ source: { kind: 'url', url: 'https://a.example/a' } as const, options: JobOptions.parse({}) },
  });
  const nowhere = new SFNClient({ ...access, endpoint: 'http://127.0.0.1:1', maxAttempts: 1 });

  it('is begun by who sends it again, and booked once', async () => {
    const request = requestOf(key(), Date.now());
    await expect(opened(Date.now, nowhere).jobs.create(request)).rejects.toMatchObject({
      code: 'store-unavailable',
    });
    const { jobs, ledger } = opened(Date.now);
    expect((await jobs.create(request)).state).toBe('queued');
    expect(await ledger.spent(request.key)).toBe(10);
  });

  it('is seen by its owner, fails in time, and gives back what it held', async () => {
    let now = Date.now();
    const request = requestOf(key(), now);
    const { jobs, ledger } = opened(() => now, nowhere);
    await jobs.create(request).catch(() => undefined);
    expect(await jobs.get(request.owner, request.id)).toMatchObject({ state: 'queued' });
    expect(await ledger.spent(request.key)).toBe(10);
    now += 16 * 60_000;
    expect((await jobs.list(request.owner, { limit: 1 })).jobs).toMatchObject([{ state: 'queued' }]);
    // Once Step Functions can say that there is no such execution
    const { jobs: later } = opened(() => now);
    expect((await later.list(request.owner, { limit: 1 })).jobs).toMatchObject([
      { state: 'failed', error: { message: expect.stringContaining('send the request again') } },
    ]);
    expect(await ledger.spent(request.key)).toBe(0);
  });

  it('is settled once, also where the same request comes late', async () => {
    const { ledger } = opened(Date.now);
    const of = key();
    const holder = randomUUID();
    await ledger.spend(of, 10, holder);
    await Promise.all([ledger.settle(holder, 40), ledger.settle(holder, 40)]);
    await ledger.settle(holder, 0);
    expect(await ledger.spend(of, 10, holder)).toBe(true);
    expect(await ledger.spent(of)).toBe(40);
  });

  it('is not begun, and not there, where the budget does not suffice', async () => {
    const { jobs, ledger } = opened(Date.now);
    const of = key();
    await jobs.create(requestOf(of, Date.now()));
    const second = requestOf(of, Date.now());
    await expect(jobs.create(second)).rejects.toMatchObject({ code: 'budget-spent' });
    expect(await jobs.get(of.owner, second.id)).toBeUndefined();
    expect(await ledger.spent(of)).toBe(10);
  });
});
