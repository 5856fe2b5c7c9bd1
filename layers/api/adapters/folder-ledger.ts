import { join } from 'node:path';
import type { Clock } from '@murmuration/pipeline/ports';
import { z } from 'zod';
import type { Ledger } from '../api-ports.ts';
import type { ApiKey } from '../contract/api-key.ts';
import { readJsonFile, writeJsonFile } from './json-file.ts';

const Month = z.strictObject({
  audioSeconds: z.record(z.string(), z.number().nonnegative()),
  /** By job or stream. */
  held: z
    .record(z.string(), z.strictObject({ keyId: z.string(), seconds: z.number().nonnegative() }))
    .default({}),
});
type Month = z.infer<typeof Month>;

/** Counts in one process: requests in memory, seconds of audio in a file a month, which changes whole or not at all. */
export function folderLedger(folder: string, clock: Clock): Ledger {
  const buckets = new Map<string, { tokens: number; at: number }>();
  let turn: Promise<unknown> = Promise.resolve();

  const monthNow = () => new Date(clock()).toISOString().slice(0, 7);
  /** A job may have begun in the month before. */
  const monthBefore = () => {
    const now = new Date(clock());
    return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 1)).toISOString().slice(0, 7);
  };
  const pathOf = (month: string) => join(folder, 'ledger', `${month}.json`);
  const read = async (month: string): Promise<Month> =>
    (await readJsonFile(pathOf(month), Month)) ?? { audioSeconds: {}, held: {} };

  /** One change after the other; what a change answers is written before it counts. */
  function inTurn<Answer>(change: () => Promise<Answer>): Promise<Answer> {
    const changed = turn.then(change);
    turn = changed.catch(() => undefined);
    return changed;
  }

  /** The month in which it holds something, and what. */
  async function heldBy(holder: string) {
    for (const month of [monthNow(), monthBefore()]) {
      const book = await read(month);
      const held = book.held[holder];
      if (held !== undefined) return { month, book, held };
    }
    return undefined;
  }

  async function book(
    { id, budgetSeconds = Number.POSITIVE_INFINITY }: ApiKey,
    seconds: number,
    holder?: string,
  ) {
    const before = holder === undefined ? undefined : await heldBy(holder);
    const month = before?.month ?? monthNow();
    const { audioSeconds, held } = before?.book ?? (await read(month));
    const missing = seconds - (before?.held.seconds ?? 0);
    const spent = audioSeconds[id] ?? 0;
    if (seconds === 0) return before !== undefined || spent < budgetSeconds;
    if (missing <= 0) return true;
    if (spent + missing > budgetSeconds) return false;
    await writeJsonFile(pathOf(month), {
      audioSeconds: { ...audioSeconds, [id]: spent + missing },
      held: holder === undefined ? held : { ...held, [holder]: { keyId: id, seconds } },
    } satisfies Month);
    return true;
  }

  return {
    async admit({ id, requestsPerMinute }) {
      if (requestsPerMinute === undefined) return undefined;
      const now = clock();
      const bucket = buckets.get(id) ?? { tokens: requestsPerMinute, at: now };
      const gained = ((now - bucket.at) / 60_000) * requestsPerMinute;
      const tokens = Math.min(requestsPerMinute, bucket.tokens + gained);
      buckets.set(id, { tokens: tokens >= 1 ? tokens - 1 : tokens, at: now });
      return tokens >= 1 ? undefined : ((1 - tokens) * 60) / requestsPerMinute;
    },
    async spend(key, seconds, holder) {
      // Where no budget can be short nobody waits for the disk, at ten milliseconds a time
      const isCertain = key.budgetSeconds === undefined && holder === undefined;
      if (isCertain && seconds === 0) return true;
      const booked = inTurn(() => book(key, seconds, holder));
      return isCertain || booked;
    },
    settle: (holder, usedSeconds) =>
      inTurn(async () => {
        const before = await heldBy(holder);
        if (before === undefined) return;
        const { keyId, seconds } = before.held;
        const { [holder]: _, ...held } = before.book.held;
        const spent = before.book.audioSeconds[keyId] ?? 0;
        const used = Math.max(0, spent - seconds + (usedSeconds ?? seconds));
        const audioSeconds = { ...before.book.audioSeconds, [keyId]: used };
        await writeJsonFile(pathOf(before.month), { audioSeconds, held } satisfies Month);
      }),
    spent: ({ id }) => inTurn(async () => (await read(monthNow())).audioSeconds[id] ?? 0),
  };
}
