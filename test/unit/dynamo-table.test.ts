import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { dynamoTable } from '@murmuration/api/adapters/dynamo-table';
import { afterEach, beforeEach, expect, it } from 'vitest';

/** Refuses transactions for these reasons, one answer after the other, then makes them. */
let answers: string[][];
/** Items that a removal leaves, one answer after the other. */
let left: unknown[][];
let server: Server;
let client: DynamoDBClient;
beforeEach(async () => {
  [answers, left] = [[], []];
  server = createServer((_request, response) => {
    const codes = answers.shift();
    response.setHeader('content-type', 'application/x-amz-json-1.0');
    const api = left.shift();
    const whole = api === undefined ? {} : { UnprocessedItems: { api } };
    if (codes === undefined) return response.end(JSON.stringify(whole));
    response.statusCode = 400;
    response.end(
      JSON.stringify({
        __type: 'com.amazonaws.dynamodb.v20120810#TransactionCanceledException',
        Message: 'Transaction cancelled',
        CancellationReasons: codes.map((Code) => ({ Code })),
      }),
    );
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  client = new DynamoDBClient({
    region: 'us-east-1',
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
});
afterEach(() => {
  client.destroy();
  server.close();
});

const change = () => {
  const set = (pk: string) => ({ key: { pk, sk: 's' }, update: 'SET a = :a', values: { ':a': 1 } });
  return dynamoTable({ tableName: 'api', client }).changeAll([set('a'), set('b')]);
};

it('makes changes that belong together again where another was under way', async () => {
  answers = [
    ['TransactionConflict', 'None'],
    ['None', 'TransactionConflict'],
  ];
  expect(await change()).toBeUndefined();
  expect(answers).toEqual([]);
});

it('says whose condition does not hold, and makes none', async () => {
  answers = [['None', 'ConditionalCheckFailed']];
  expect(await change()).toBe(1);
  answers = [['ConditionalCheckFailed', 'TransactionConflict']];
  expect(await change()).toBe(0);
});

it('gives up where it is refused for good', async () => {
  answers = [['ValidationError', 'None']];
  await expect(change()).rejects.toMatchObject({ code: 'store-unavailable' });
  answers = Array.from({ length: 20 }, () => ['TransactionConflict', 'None']);
  await expect(change()).rejects.toMatchObject({ code: 'store-unavailable' });
});

it('removes what DynamoDB left for want of capacity', async () => {
  const key = { pk: { S: 'a' }, sk: { S: 's' } };
  left = [[{ DeleteRequest: { Key: key } }], [{ DeleteRequest: { Key: key } }]];
  await dynamoTable({ tableName: 'api', client }).removeAll([{ pk: 'a', sk: 's' }]);
  expect(left).toEqual([]);
});
