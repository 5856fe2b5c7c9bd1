import { Redis } from '@upstash/redis';
import { checkedKey } from '../cache/checked-key.ts';
import { checkedTranscript } from '../cache/checked-transcript.ts';
import { SegmentTranscript } from '../contract/transcript.ts';
import { MurmurationError } from '../errors.ts';
import { parseJson } from '../jobs/read-json.ts';
import { metrics } from '../metrics.ts';
import type { Clock, Meter, TranscriptCache } from '../ports.ts';

export interface UpstashTranscriptCacheOptions {
  /** Of Upstash's REST interface. */
  readonly url: string;
  /** Asked for once, when the cache is first used. */
  readonly token: () => Promise<string>;
  readonly ttlSeconds: number;
  readonly meter: Meter;
  /** @default Date.now */
  readonly clock?: Clock | undefined;
}

/** A cache that takes longer costs more than it saves: most segments are heard in less. */
const TIMEOUT_MILLISECONDS = 1000;
/** After a failure the cache is left alone for so long, so that a Redis that is down delays little and counts once. */
const PAUSE_MILLISECONDS = 30_000;

/** 100 KB of keys. */
const FORGOTTEN_AT_ONCE = 1000;

/** Keeps transcripts in Redis, over REST. Nothing but `forget` fails: what goes wrong is a miss and one `CacheErrors`. */
export function upstashTranscriptCache({
  url,
  token,
  ttlSeconds,
  meter,
  clock = Date.now,
}: UpstashTranscriptCacheOptions): Required<TranscriptCache> {
  let connection: Promise<Redis> | undefined;
  let pausedUntil = 0;

  async function attempt<T>(call: (redis: Redis) => Promise<T>): Promise<T | undefined> {
    if (clock() < pausedUntil) return undefined;
    try {
      connection ??= token().then((value) => connect(url, value));
      return await call(await connection);
    } catch {
      // Not logged: the client's errors hold the command, and so the transcript
      connection = undefined;
      if (clock() >= pausedUntil) meter.add(metrics.cacheErrors, 1, 'Count');
      pausedUntil = clock() + PAUSE_MILLISECONDS;
      return undefined;
    }
  }

  return {
    async get(key) {
      const name = nameOf(key);
      const text = await attempt((redis) => redis.get<string>(name));
      if (typeof text !== 'string') return undefined;
      return SegmentTranscript.safeParse(parseJson(Buffer.from(text))).data;
    },
    async set(key, transcript) {
      const name = nameOf(key);
      const text = JSON.stringify(checkedTranscript(transcript));
      await attempt((redis) => redis.set(name, text, { ex: ttlSeconds }));
    },
    async forget(keys) {
      for (let start = 0; start < keys.length; start += FORGOTTEN_AT_ONCE) {
        const names = keys.slice(start, start + FORGOTTEN_AT_ONCE).map(nameOf);
        if ((await attempt((redis) => redis.del(...names))) === undefined) throw unforgotten();
      }
    },
  };
}

function unforgotten(): MurmurationError {
  return new MurmurationError('store-unavailable', 'the transcript cache cannot be reached: try again');
}

/** A Redis may hold other things too. */
const nameOf = (key: string) => `murmuration:segment:${checkedKey(key)}`;

function connect(url: string, token: string): Redis {
  return new Redis({
    url,
    token,
    automaticDeserialization: false,
    retry: { retries: 1, backoff: () => 50 },
    signal: () => AbortSignal.timeout(TIMEOUT_MILLISECONDS),
    enableTelemetry: false,
  });
}
