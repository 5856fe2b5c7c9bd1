import type { Clock } from '@murmuration/pipeline/ports';
import type { KeyRing } from '../api-ports.ts';
import type { ApiKey } from '../contract/api-key.ts';

/** Whether a key that was let in once still would be: streams go on for hours. */
export const goodKey =
  (keyRing: KeyRing, clock: Clock) =>
  async ({ hash }: ApiKey): Promise<boolean> => {
    const found = await keyRing.find(hash);
    return found !== undefined && isInTime(found, clock());
  };

export const isInTime = ({ expiresAt }: ApiKey, now: number): boolean =>
  expiresAt === undefined || Date.parse(expiresAt) > now;
