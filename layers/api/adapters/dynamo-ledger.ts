import { MurmurationError } from '@murmuration/pipeline/errors';
import type { Clock } from '@murmuration/pipeline/ports';
import { z } from 'zod';
import type { Ledger } from '../api-ports.ts';
import type { ApiKey } from '../contract/api-key.ts';
import type { DynamoTable, TableUpdate } from './dynamo-table.ts';

const MINUTE_MILLISECONDS = 60_000;
/** A month's sum is kept over the next one, for whoever asks what was used. */
const KEPT_SECONDS = 62 * 24 * 3600;
/** For one holder two processes book at once at most. */
const MOST_ATTEMPTS = 5;

/** What a job or a stream holds of its key's month. Of one that was settled all is known: nothing more is booked for it. */
const Held = z.object({
  keyId: z.string(),
  month: z.string(),
  seconds: z.number(),
  settled: z.boolean(),
});
type Held = z.infer<typeof Held>;

const usagePlace = (keyId: string, period: string) => ({ pk: `usage#${keyId}`, sk: period });
const heldPlace = (holder: string) => ({ pk: `held#${holder}`, sk: 'held' });

/** Counts in the API's table. Each count is one conditional change, so that many servers at once count right. */
export function dynamoLedger(table: DynamoTable, clock: Clock): Ledger {
  const monthNow = () => `month#${new Date(clock()).toISOString().slice(0, 7)}`;
  const endOfLife = () => Math.ceil(clock() / 1000) + KEPT_SECONDS;

  async function heldBy(holder: string): Promise<Held | undefined> {
    const item = await table.get(heldPlace(holder));
    return item && Held.parse(item);
  }
  async function spentIn(keyId: string, month: string): Promise<number> {
    return Number((await table.get(usagePlace(keyId, month)))?.['spent'] ?? 0);
  }

  function booking(audioSeconds: number, budgetSeconds: number | undefined): TableUpdate {
    const update = 'ADD spent :seconds SET expiresAt = :end';
    const values = { ':seconds': audioSeconds, ':end': endOfLife() };
    if (budgetSeconds === undefined) return { update, values };
    const room = budgetSeconds - audioSeconds;
    // Of a month that has no item nothing is spent yet
    const condition = room < 0 ? 'spent <= :room' : 'attribute_not_exists(spent) OR spent <= :room';
    return { update, condition, values: { ...values, ':room': room } };
  }

  /** Changes what a holder has from `before`, unless it was changed since. */
  function holding(holder: string, before: Held | undefined, { keyId, month, seconds, settled }: Held) {
    return {
      key: heldPlace(holder),
      update: 'SET keyId = :key, #month = :month, seconds = :seconds, settled = :settled, expiresAt = :end',
      names: { '#month': 'month' },
      condition: before === undefined ? 'attribute_not_exists(pk)' : 'seconds = :before AND settled = :no',
      values: {
        ':key': keyId,
        ':month': month,
        ':seconds': seconds,
        ':settled': settled,
        ':end': endOfLife(),
        ...(before !== undefined && { ':before': before.seconds, ':no': false }),
      },
    };
  }

  async function hold({ id, budgetSeconds }: ApiKey, totalSeconds: number, holder: string): Promise<boolean> {
    for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt++) {
      const before = await heldBy(holder);
      const missing = totalSeconds - (before?.seconds ?? 0);
      if (missing <= 0 || before?.settled) return true;
      // What it holds stays in the month that it was begun in
      const month = before?.month ?? monthNow();
      // First whether another has booked it meanwhile: then the budget was asked for too much
      const unmet = await table.changeAll([
        holding(holder, before, { keyId: id, month, seconds: totalSeconds, settled: false }),
        { key: usagePlace(id, month), ...booking(missing, budgetSeconds) },
      ]);
      if (unmet === undefined) return true;
      if (unmet === 1) return false;
    }
    throw contested(holder);
  }

  return {
    async admit(key) {
      if (key.requestsPerMinute === undefined) return undefined;
      const now = clock();
      const minute = Math.floor(now / MINUTE_MILLISECONDS);
      const end = (minute + 1) * MINUTE_MILLISECONDS;
      const counted = await table.change(usagePlace(key.id, `minute#${minute}`), {
        update: 'ADD used :one SET expiresAt = :end',
        condition: 'attribute_not_exists(used) OR used < :limit',
        values: { ':one': 1, ':limit': key.requestsPerMinute, ':end': Math.ceil(end / 1000) + 60 },
      });
      return counted === undefined ? (end - now) / 1000 : undefined;
    },
    async spend(key, audioSeconds, holder) {
      const { id, budgetSeconds } = key;
      if (audioSeconds === 0) {
        if (budgetSeconds === undefined || (await spentIn(id, monthNow())) < budgetSeconds) return true;
        const held = holder === undefined ? undefined : await heldBy(holder);
        return held !== undefined && !held.settled;
      }
      if (holder !== undefined) return hold(key, audioSeconds, holder);
      return (
        (await table.change(usagePlace(id, monthNow()), booking(audioSeconds, budgetSeconds))) !== undefined
      );
    },
    async settle(holder, usedSeconds) {
      for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt++) {
        const before = await heldBy(holder);
        if (before === undefined || before.settled) return;
        const seconds = usedSeconds ?? before.seconds;
        const unmet = await table.changeAll([
          {
            key: usagePlace(before.keyId, before.month),
            update: 'ADD spent :more',
            values: { ':more': seconds - before.seconds },
          },
          holding(holder, before, { ...before, seconds, settled: true }),
        ]);
        if (unmet === undefined) return;
      }
      throw contested(holder);
    },
    spent: ({ id }) => spentIn(id, monthNow()),
  };
}

function contested(holder: string): MurmurationError {
  return new MurmurationError(
    'store-unavailable',
    `others change what ${holder} holds all the time: try again`,
  );
}
