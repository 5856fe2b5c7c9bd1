import { dynamoKeyRing } from '@murmuration/api/adapters/dynamo-key-ring';
import type { DynamoTable } from '@murmuration/api/adapters/dynamo-table';
import { expect, it } from 'vitest';

const hash = 'a'.repeat(64);
const item = { id: 'ann-1', hash, owner: 'ann', createdAt: '2026-01-01T00:00:00.000Z' };

function found(fields: object) {
  const get = async () => ({ pk: `key#${hash}`, sk: 'key', ...item, ...fields });
  return dynamoKeyRing({ get } as Partial<DynamoTable> as DynamoTable).find(hash);
}

it('finds a key as it was made', async () => {
  expect(await found({ streamsAtOnce: 2 })).toEqual({ ...item, streamsAtOnce: 2 });
});

it.each([
  [
    'an owner that would see into the folders of another',
    { owner: 'ann/private' },
    /owner: .*must have no "\/"/,
  ],
  ['a limit that is none', { requestsPerMinute: 0 }, /requestsPerMinute: /],
])('refuses a key with %s, and says what is wrong', async (_, fields, message) => {
  await expect(found(fields)).rejects.toMatchObject({
    code: 'key-refused',
    message: expect.stringMatching(message),
  });
});
