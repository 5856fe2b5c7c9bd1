import { createHash, randomUUID } from 'node:crypto';
import { DeleteItemCommand, DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import type { ApiKey } from '@murmuration/api/contract/api-key';
import { awsAccess } from './aws-access.ts';
import { outputs, twin } from './kit.ts';

/** Puts a key into the API's table, as cdk/README.md says, and answers it. Each has an owner of its own. */
export async function createApiKey(
  limits: Partial<Pick<ApiKey, 'budgetSeconds' | 'requestsPerMinute' | 'streamsAtOnce'>> = {},
): Promise<string> {
  const key = `sk-${randomUUID()}`;
  const hash = createHash('sha256').update(key).digest('hex');
  const numbers = Object.entries(limits).map(([name, value]) => [name, { N: String(value) }]);
  await new DynamoDBClient(awsAccess(twin.endpoint)).send(
    new PutItemCommand({
      TableName: outputs.apiTable,
      Item: {
        pk: { S: `key#${hash}` },
        sk: { S: 'key' },
        id: { S: hash.slice(0, 8) },
        hash: { S: hash },
        owner: { S: ownerOf(key) },
        createdAt: { S: new Date().toISOString() },
        ...Object.fromEntries(numbers),
      },
    }),
  );
  return key;
}

/** Whose key it is. */
export const ownerOf = (key: string): string =>
  `owner-${createHash('sha256').update(key).digest('hex').slice(0, 8)}`;

export async function revokeApiKey(key: string): Promise<void> {
  const pk = { S: `key#${createHash('sha256').update(key).digest('hex')}` };
  await new DynamoDBClient(awsAccess(twin.endpoint)).send(
    new DeleteItemCommand({ TableName: outputs.apiTable, Key: { pk, sk: { S: 'key' } } }),
  );
}
