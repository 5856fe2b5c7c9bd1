import { createHash } from 'node:crypto';
import type { Clock } from '@murmuration/pipeline/ports';
import type { Claim, Idempotency } from '../api-ports.ts';
import type { DynamoTable } from './dynamo-table.ts';

/** OpenAI keeps such keys for a day, and so do others. */
const KEPT_SECONDS = 24 * 3600;

/** Requests that came before, in the API's table: of two at once one is new. */
export function dynamoIdempotency(table: DynamoTable, clock: Clock): Idempotency {
  async function claim(key: string, fingerprint: string, id: string): Promise<Claim> {
    // A client may send anything as its key
    const place = { pk: `once#${createHash('sha256').update(key).digest('hex')}`, sk: 'once' };
    const nowSeconds = Math.floor(clock() / 1000);
    const item = { ...place, fingerprint, id, expiresAt: nowSeconds + KEPT_SECONDS };
    if (await table.putNew(item, nowSeconds)) return { kind: 'new' };
    const before = await table.get(place);
    // It expired in between
    if (before === undefined) return claim(key, fingerprint, id);
    return before['fingerprint'] === fingerprint
      ? { kind: 'same', id: String(before['id']) }
      : { kind: 'other' };
  }
  return { claim };
}
