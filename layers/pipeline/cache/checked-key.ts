import { MurmurationError } from '../errors.ts';

/** The key, where it is one that `cacheKey` makes. Throws `invalid-argument`: a key may become a path, and must lead nowhere. */
export function checkedKey(key: string): string {
  if (/^[0-9a-f]{64}$/.test(key)) return key;
  throw new MurmurationError(
    'invalid-argument',
    `cache key is ${JSON.stringify(String(key).slice(0, 80))}: give 64 hex digits in lower case, as cacheKey makes them`,
  );
}
