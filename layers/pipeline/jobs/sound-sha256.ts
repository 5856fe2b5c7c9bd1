import { createHash } from 'node:crypto';
import type { Segment } from '../contract/plan.ts';

/** What a batch sounds like, in 64 hex digits: another one where another plan cut other segments. */
export function soundSha256(segments: readonly Pick<Segment, 'sha256'>[]): string {
  const hash = createHash('sha256');
  for (const { sha256 } of segments) hash.update(sha256);
  return hash.digest('hex');
}
