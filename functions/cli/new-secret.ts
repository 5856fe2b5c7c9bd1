import { createHash, randomBytes } from 'node:crypto';

/** What a caller shows, and its sha256 in hex, which alone is kept. */
export function newSecret(): { readonly secret: string; readonly hash: string } {
  const secret = `mm_${randomBytes(32).toString('base64url')}`;
  return { secret, hash: createHash('sha256').update(secret).digest('hex') };
}
