import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { upstashTranscriptCache } from '@murmuration/pipeline/adapters/upstash-transcript-cache';
import type { Meter } from '@murmuration/pipeline/ports';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hasRedis, type RedisOverRest, startRedisOverRest } from '../contract/redis-over-rest.ts';
import { segmentOf } from './factories/transcript.ts';

const key = '1'.repeat(64);

describe.skipIf(!hasRedis)('the cache in Redis', () => {
  let redis: RedisOverRest;
  let counted: string[];
  let nowMilliseconds: number;
  beforeEach(async () => {
    redis = await startRedisOverRest();
    counted = [];
    nowMilliseconds = 0;
  });
  afterEach(() => redis.close());

  const meter: Meter = { add: (name) => void counted.push(name) };
  const open = (fields: Partial<Parameters<typeof upstashTranscriptCache>[0]> = {}) =>
    upstashTranscriptCache({
      url: redis.url,
      token: async () => redis.token,
      ttlSeconds: 60,
      meter,
      clock: () => nowMilliseconds,
      ...fields,
    });

  it('keeps a segment for its time to live, under a name of its own', async () => {
    await open().set(key, segmentOf());
    const ttlSeconds = await redis.command('TTL', `murmuration:segment:${key}`);
    expect(ttlSeconds).toBeGreaterThan(50);
    expect(ttlSeconds).toBeLessThanOrEqual(60);
  });

  it('forgets what it is told to, and nothing else', async () => {
    const cache = open();
    const others = ['2', '3'].map((digit) => digit.repeat(64));
    for (const each of [key, ...others]) await cache.set(each, segmentOf());
    await cache.forget([key, others[0]!, '4'.repeat(64)]);
    const found = await Promise.all([key, ...others].map((each) => cache.get(each)));
    expect(found.map((each) => each !== undefined)).toEqual([false, false, true]);
    await cache.forget([]);
    expect(counted).toEqual([]);
  });

  it('takes what it cannot read for a miss', async () => {
    for (const text of ['garbage', '{}', JSON.stringify({ ...segmentOf(), tokens: 'none' })]) {
      await redis.command('SET', `murmuration:segment:${key}`, text);
      expect(await open().get(key)).toBeUndefined();
    }
    expect(counted).toEqual([]);
  });

  it('is a miss and counts one error while Redis is down, then is asked again', async () => {
    const cache = open();
    await redis.stopRedis();
    const keys = Array.from({ length: 8 }, (_, index) => String(index).repeat(64));
    expect(await Promise.all(keys.map((each) => cache.get(each)))).toEqual(keys.map(() => undefined));
    await cache.set(key, segmentOf());
    expect(counted).toEqual(['CacheErrors']);
    await expect(cache.forget([key])).rejects.toMatchObject({ code: 'store-unavailable' });
    nowMilliseconds += 30_000;
    expect(await cache.get(key)).toBeUndefined();
    expect(counted).toEqual(['CacheErrors', 'CacheErrors']);
  });

  it('is a miss and counts one error where it does not answer', async () => {
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const cache = open({ url: `http://127.0.0.1:${(silent.address() as AddressInfo).port}` });
    expect(await cache.get(key)).toBeUndefined();
    expect(counted).toEqual(['CacheErrors']);
    silent.closeAllConnections();
    silent.close();
  });

  it.each([
    ['its token is refused', { token: async () => 'another' }],
    ['its token cannot be had', { token: () => Promise.reject(new Error('AccessDenied')) }],
    ['its address is dead', { url: 'http://127.0.0.1:9' }],
  ])('is a miss and counts one error where %s', async (_, fields) => {
    const cache = open(fields);
    await cache.set(key, segmentOf());
    expect(await cache.get(key)).toBeUndefined();
    expect(counted).toEqual(['CacheErrors']);
  });
});
