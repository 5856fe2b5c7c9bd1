import type { Clock } from '@murmuration/pipeline/ports';
import type { Ledger } from '../api-ports.ts';
import type { ApiKey } from '../contract/api-key.ts';
import type { DynamoTable } from './dynamo-table.ts';

const MINUTE_MILLISECONDS = 60_000;
/** A month's sum is kept over the next one, for whoever asks what was used. */
const KEPT_SECONDS = 62 * 24 * 3600;

/** Counts in the API's table. Each count is one conditional update, so that many servers at once count right. */
export function dynamoLedger(table: DynamoTable, clock: Clock): Ledger {
  const place = ({ id }: ApiKey, period: string) => ({ pk: `usage#${id}`, sk: period });
  const month = () => `month#${new Date(clock()).toISOString().slice(0, 7)}`;
  return {
    async admit(key) {
      if (key.requestsPerMinute === undefined) return undefined;
      const now = clock();
      const minute = Math.floor(now / MINUTE_MILLISECONDS);
      const end = (minute + 1) * MINUTE_MILLISECONDS;
      const counted = await table.change(place(key, `minute#${minute}`), {
        update: 'ADD used :one SET expiresAt = :end',
        condition: 'attribute_not_exists(used) OR used < :limit',
        values: { ':one': 1, ':limit': key.requestsPerMinute, ':end': Math.ceil(end / 1000) + 60 },
      });
      return counted === undefined ? (end - now) / 1000 : undefined;
    },
    async spend(key, audioSeconds) {
      const { budgetSeconds } = key;
      if (budgetSeconds !== undefined && audioSeconds > budgetSeconds) return false;
      const values = { ':seconds': audioSeconds, ':end': Math.ceil(clock() / 1000) + KEPT_SECONDS };
      const update = 'ADD spent :seconds SET expiresAt = :end';
      const booked = await table.change(
        place(key, month()),
        budgetSeconds === undefined
          ? { update, values }
          : {
              update,
              condition: 'attribute_not_exists(spent) OR spent <= :room',
              values: { ...values, ':room': budgetSeconds - audioSeconds },
            },
      );
      return booked !== undefined;
    },
    async spent(key) {
      return Number((await table.get(place(key, month())))?.['spent'] ?? 0);
    },
  };
}
