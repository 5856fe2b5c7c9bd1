import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { dynamoTable } from '@murmuration/api/adapters/dynamo-table';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type AwsServer, startAwsServer } from './factories/aws-server.ts';

/** Refuses transactions for these reasons, one answer after the other, then makes them. */
let answers: string[][];
/** Items that a removal leaves, one answer after the other. */
let left: unknown[][];
let server: AwsServer;
let client: DynamoDBClient;
beforeEach(async () => {
  [answers, left] = [[], []];
  server = await startAwsServer(() => {
    const codes = answers.shift();
    const api = left.shift();
    if (codes === undefined) return api === undefined ? {} : { UnprocessedItems: { api } };
    return {
      __type: 'com.amazonaws.dynamodb.v20120810#TransactionCanceledException',
      Message: 'Transaction cancelled',
      CancellationReasons: codes.map((Code) => ({ Code })),
    };
  });
  client = new DynamoDBClient(server.access);
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
