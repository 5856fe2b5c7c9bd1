import { getSecret } from '@aws-lambda-powertools/parameters/secrets';
import { getParameter } from '@aws-lambda-powertools/parameters/ssm';
import type { z } from 'zod';
import type { CacheEnvironment } from '../environment.ts';
import { MurmurationError } from '../errors.ts';
import type { Meter, TranscriptCache } from '../ports.ts';
import { upstashTranscriptCache } from './upstash-transcript-cache.ts';

/** The cache that the environment names; undefined for none. Throws `invalid-argument` where its token is nowhere. */
export function openCache(
  {
    CACHE_URL: url,
    CACHE_TOKEN_SECRET_ARN: secret,
    CACHE_TOKEN_PARAMETER: parameter,
    CACHE_TTL_SECONDS: ttlSeconds,
  }: z.output<typeof CacheEnvironment>,
  meter: Meter,
): TranscriptCache | undefined {
  if (url === undefined) return undefined;
  if (secret === undefined && parameter === undefined) {
    throw new MurmurationError(
      'invalid-argument',
      'CACHE_URL is set and its token is not: set CACHE_TOKEN_SECRET_ARN or CACHE_TOKEN_PARAMETER',
    );
  }
  async function token(): Promise<string> {
    const found = secret
      ? await getSecret(secret)
      : await getParameter(parameter as string, { decrypt: true });
    if (typeof found === 'string') return found;
    throw new MurmurationError(
      'invalid-argument',
      `there is no token of the cache in ${secret ?? parameter}`,
    );
  }
  return upstashTranscriptCache({ url, token, ttlSeconds, meter });
}
