import { MurmurationError } from '@murmuration/pipeline/errors';
import type { KeyRing } from '../api-ports.ts';
import { ApiKey, Owner } from '../contract/api-key.ts';
import type { DynamoTable } from './dynamo-table.ts';

/** Under the key's hash alone: who reads the table learns no key. */
export const keyItem = (hash: string) => ({ pk: `key#${hash}`, sk: 'key' }) as const;

/** As a person may have put it there. */
const KeyItem = ApiKey.extend({ owner: Owner });

/** Keys in the API's table. Throws `key-refused` for one that was made wrong. */
export function dynamoKeyRing(table: DynamoTable): KeyRing {
  return {
    async find(hash) {
      const item = await table.get(keyItem(hash));
      if (item === undefined) return undefined;
      const { pk: _pk, sk: _sk, ...key } = item;
      const parsed = KeyItem.safeParse(key);
      if (parsed.success) return parsed.data;
      const [{ path, message } = { path: [], message: '' }] = parsed.error.issues;
      throw new MurmurationError(
        'key-refused',
        `the key was made wrong (${path.join('.')}: ${message}): tell whoever made it`,
      );
    },
  };
}
