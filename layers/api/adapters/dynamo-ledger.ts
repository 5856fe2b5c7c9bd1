import { MurmurationError } from '@murmuration/pipeline/errors';
import type { Clock } from '@murmuration/pipeline/ports';
import { z } from 'zod';
import type { Ledger } from '../api-ports.ts';
import type { ApiKey } from '../contract/api-key.ts';
import type { DynamoTable, TableUpdate } from './dynamo-table.ts';

const MINUTE_MILLISECONDS = 60_000;
/** A month's sum is kept over the next one, for whoever asks what was used. */
const KEPT_SECONDS = 62 * 24 * 3600;
/** Of one job two processes book at once at most. */
const MOST_ATTEMPTS = 5;

/** What a job holds of its key's month; nothing where `seconds` is 0. */
const Held = z.object({ keyId: z.string(), month: z.string(), seconds: z.number() });
type Held = z.infer<typeof Held>;

const usagePlace = (keyId: string, period: string) => ({ pk: `usage#${keyId}`, sk: period });
const heldPlace = (jobId: string) => ({ pk: `held#${jobId}`, sk: 'held' });

/** Counts in the API's table. Each count is one conditional change, so that many servers at once count right. */
export function dynamoLedger(table: DynamoTable, clock: Clock): Ledger {
  const monthNow = () => `month#${new Date(clock()).toISOString().slice(0, 7)}`;
  const endOfLife = () => Math.ceil(clock() / 1000) + KEPT_SECONDS;

  async function heldBy(jobId: string): Promise<Held | undefined> {
    const item = await table.get(heldPlace(jobId));
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

  /** Changes what a job holds from `before`, unless it was changed since. */
  function holding(jobId: string, before: Held | undefined, { keyId, month, seconds }: Held) {
    return {
      key: heldPlace(jobId),
      update: 'SET keyId = :key, #month = :month, seconds = :seconds, expiresAt = :end',
      names: { '#month': 'month' },
      condition: before === undefined ? 'attribute_not_exists(pk)' : 'seconds = :before',
      values: {
        ':key': keyId,
        ':month': month,
        ':seconds': seconds,
        ':end': endOfLife(),
        ...(before !== undefined && { ':before': before.seconds }),
      },
    };
  }

  async function hold({ id, budgetSeconds }: ApiKey, totalSeconds: number, jobId: string): Promise<boolean> {
    for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt++) {
      const before = await heldBy(jobId);
      const missing = totalSeconds - (before?.seconds ?? 0);
      if (missing <= 0) return true;
      // What it holds stays in the month that it was begun in
      const month = before !== undefined && before.seconds > 0 ? before.month : monthNow();
      // First whether another has booked it meanwhile: then the budget was asked for too much
      const unmet = await table.changeAll([
        holding(jobId, before, { keyId: id, month, seconds: totalSeconds }),
        { key: usagePlace(id, month), ...booking(missing, budgetSeconds) },
      ]);
      if (unmet === undefined) return true;
      if (unmet === 1) return false;
    }
    throw contested(jobId);
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
    async spend(key, audioSeconds, jobId) {
      const { id, budgetSeconds } = key;
      if (audioSeconds === 0) {
        if (budgetSeconds === undefined || (await spentIn(id, monthNow())) < budgetSeconds) return true;
        return jobId !== undefined && ((await heldBy(jobId))?.seconds ?? 0) > 0;
      }
      if (jobId !== undefined) return hold(key, audioSeconds, jobId);
      return (
        (await table.change(usagePlace(id, monthNow()), booking(audioSeconds, budgetSeconds))) !== undefined
      );
    },
    async settle(jobId, keptSeconds) {
      for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt++) {
        const before = await heldBy(jobId);
        if (before === undefined || before.seconds === 0) return;
        const returned = Math.max(0, before.seconds - keptSeconds);
        const unmet = await table.changeAll([
          {
            key: usagePlace(before.keyId, before.month),
            update: 'ADD spent :back',
            values: { ':back': -returned },
          },
          holding(jobId, before, { ...before, seconds: 0 }),
        ]);
        if (unmet === undefined) return;
      }
      throw contested(jobId);
    },
    spent: ({ id }) => spentIn(id, monthNow()),
  };
}

function contested(jobId: string): MurmurationError {
  return new MurmurationError(
    'store-unavailable',
    `others change what ${jobId} holds all the time: try again`,
  );
}
