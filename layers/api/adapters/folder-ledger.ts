import { join } from 'node:path';
import type { Clock } from '@murmuration/pipeline/ports';
import { z } from 'zod';
import type { Ledger } from '../api-ports.ts';
import type { ApiKey } from '../contract/api-key.ts';
import { readJsonFile, writeJsonFile } from './json-file.ts';

const Month = z.strictObject({ audioSeconds: z.record(z.string(), z.number().nonnegative()) });

/** Counts in one process: requests in memory, seconds of audio in a file a month. */
export function folderLedger(folder: string, clock: Clock): Ledger {
  const buckets = new Map<string, { tokens: number; at: number }>();
  const months = new Map<string, Promise<Map<string, number>>>();
  let writing: Promise<unknown> = Promise.resolve();

  const monthNow = () => new Date(clock()).toISOString().slice(0, 7);
  const pathOf = (month: string) => join(folder, 'ledger', `${month}.json`);
  function secondsOf(month: string): Promise<Map<string, number>> {
    const known = months.get(month);
    if (known !== undefined) return known;
    const read = readJsonFile(pathOf(month), Month).then(
      (found) => new Map(Object.entries(found?.audioSeconds ?? {})),
    );
    read.catch(() => months.delete(month));
    months.clear();
    months.set(month, read);
    return read;
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

    async spend({ id, budgetSeconds = Number.POSITIVE_INFINITY }: ApiKey, audioSeconds) {
      const month = monthNow();
      const seconds = await secondsOf(month);
      const spent = seconds.get(id) ?? 0;
      if (spent + audioSeconds > budgetSeconds || (audioSeconds === 0 && spent >= budgetSeconds))
        return false;
      if (audioSeconds === 0) return true;
      seconds.set(id, spent + audioSeconds);
      writing = writing
        .catch(() => undefined)
        .then(() => writeJsonFile(pathOf(month), { audioSeconds: Object.fromEntries(seconds) }));
      await writing;
      return true;
    },

    async spent({ id }) {
      return (await secondsOf(monthNow())).get(id) ?? 0;
    },
  };
}
