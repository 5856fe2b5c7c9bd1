import type { KeyRing } from '../api-ports.ts';
import { ApiKey } from '../contract/api-key.ts';
import type { DynamoTable } from './dynamo-table.ts';

/** Under the key's hash alone: who reads the table learns no key. */
export const keyItem = (hash: string) => ({ pk: `key#${hash}`, sk: 'key' }) as const;

/** Keys in the API's table. */
export function dynamoKeyRing(table: DynamoTable): KeyRing {
  return {
    async find(hash) {
      const item = await table.get(keyItem(hash));
      if (item === undefined) return undefined;
      const { pk: _pk, sk: _sk, ...key } = item;
      return ApiKey.parse(key);
    },
  };
}
