import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Redis, startRedis } from '../cloud/start-redis.ts';
import { startUpstashRestFront, type UpstashRestFront } from '../cloud/upstash-rest-front.ts';

/** This machine may lack it; CI has it. */
export const hasRedis = spawnSync('redis-server', ['--version']).status === 0;

export interface RedisOverRest {
  readonly url: string;
  readonly token: string;
  /** Answers what Redis does. */
  command(...words: string[]): Promise<unknown>;
  /** Redis goes down, its REST front stays. */
  stopRedis(): Promise<void>;
  close(): Promise<void>;
}

/** A real redis-server behind Upstash's REST interface. */
export async function startRedisOverRest(): Promise<RedisOverRest> {
  const folder = await mkdtemp(join(tmpdir(), 'murmuration-redis-'));
  const token = 'a token of tests';
  const redis: Redis = await startRedis(folder);
  const front: UpstashRestFront = await startUpstashRestFront({ redisPort: redis.port, token });
  return {
    url: front.url,
    token,
    async command(...words) {
      const headers = { authorization: `Bearer ${token}` };
      const response = await fetch(front.url, { method: 'POST', headers, body: JSON.stringify(words) });
      return ((await response.json()) as { result: unknown }).result;
    },
    stopRedis: redis.stop,
    async close() {
      await front.close();
      await redis.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
