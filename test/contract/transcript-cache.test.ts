import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { upstashTranscriptCache } from '@murmuration/pipeline/adapters/upstash-transcript-cache';
import { folderCache } from '@murmuration/pipeline/cache/folder-cache';
import { memoryCache } from '@murmuration/pipeline/cache/memory-cache';
import type { Meter, TranscriptCache } from '@murmuration/pipeline/ports';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { segmentOf, wordsOf } from '../unit/factories/transcript.ts';
import { hasRedis, type RedisOverRest, startRedisOverRest } from './redis-over-rest.ts';

const one = '1'.repeat(64);
const other = '2'.repeat(64);

const unplanned: Meter = {
  add() {
    throw new Error('the cache failed');
  },
};

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'murmuration-cache-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

interface Adapter {
  readonly name: string;
  readonly open: (options: { ttlSeconds: number; now: () => number }) => TranscriptCache;
  /** Redis keeps a clock of its own, which no test can turn. */
  readonly hasOwnClock?: boolean;
}

const adapters: Adapter[] = [
  { name: 'memoryCache', open: (options) => memoryCache({ maxEntries: 10, ...options }) },
  { name: 'folderCache', open: (options) => folderCache({ folder, ...options }) },
];

let redis: RedisOverRest;
if (hasRedis) {
  beforeAll(async () => {
    redis = await startRedisOverRest();
  });
  afterAll(() => redis.close());
  beforeEach(() => redis.command('FLUSHDB'));
  adapters.push({
    name: 'upstashTranscriptCache',
    open: ({ ttlSeconds }) =>
      upstashTranscriptCache({ ...redis, token: async () => redis.token, ttlSeconds, meter: unplanned }),
    hasOwnClock: true,
  });
}

describe.each(adapters)('a transcript cache: $name', ({ open, hasOwnClock = false }) => {
  let nowMilliseconds = Date.now();
  const cache = () => open({ ttlSeconds: 60, now: () => nowMilliseconds });

  it('gives back what was set, whole', async () => {
    const transcript = segmentOf({
      words: wordsOf('“Kraftwerk”, 電気 \u0000\u{1f426}'),
      fallbacks: [{ context: 'short', temperature: 0, reason: 'repetition' }],
      dropped: { reason: 'no-speech', text: 'thank you' },
      channel: 1,
    });
    const kept = cache();
    await kept.set(one, transcript);
    expect(await kept.get(one)).toEqual(transcript);
  });

  it('knows nothing under another key', async () => {
    const kept = cache();
    await kept.set(one, segmentOf());
    expect(await kept.get(other)).toBeUndefined();
  });

  it('keeps the later of two', async () => {
    const kept = cache();
    await kept.set(one, segmentOf({ text: 'first' }));
    await kept.set(one, segmentOf({ text: 'second' }));
    expect((await kept.get(one))?.text).toBe('second');
  });

  it('is not changed by who changes what was given or taken', async () => {
    const kept = cache();
    const given = segmentOf({ tokens: [1] });
    await kept.set(one, given);
    given.tokens.push(2);
    (await kept.get(one))!.tokens.push(3);
    expect((await kept.get(one))!.tokens).toEqual([1]);
  });

  it.skipIf(hasOwnClock)('forgets when the time to live is over, however often it was asked', async () => {
    const kept = cache();
    await kept.set(one, segmentOf());
    nowMilliseconds += 59_999;
    expect(await kept.get(one)).toEqual(segmentOf());
    nowMilliseconds += 1;
    expect(await kept.get(one)).toBeUndefined();
  });

  it.each([
    '',
    'a',
    one.slice(1),
    `${one}0`,
    'A'.repeat(64),
    `../../${'a'.repeat(58)}`,
    `${'a'.repeat(63)}/`,
    `${'a'.repeat(63)}\n`,
    `${one}\n`,
    '__proto__',
  ])('refuses the key %j', async (key) => {
    const kept = cache();
    await expect(kept.get(key)).rejects.toMatchObject({ code: 'invalid-argument' });
    await expect(kept.set(key, segmentOf())).rejects.toMatchObject({ code: 'invalid-argument' });
  });

  it('refuses a transcript that could not be read back', async () => {
    const kept = cache();
    await expect(kept.set(one, segmentOf({ avgLogprob: Number.NaN }))).rejects.toMatchObject({
      code: 'internal',
      message: expect.stringContaining('avgLogprob'),
    });
    expect(await kept.get(one)).toBeUndefined();
  });

  it('takes many at once', async () => {
    const kept = cache();
    const keys = Array.from({ length: 10 }, (_, index) => String(index).repeat(64));
    await Promise.all(keys.map((key) => kept.set(key, segmentOf({ text: key }))));
    const found = await Promise.all(keys.map((key) => kept.get(key)));
    expect(found.map((segment) => segment?.text)).toEqual(keys);
  });
});
