import { createHash, timingSafeEqual } from 'node:crypto';
import { MurmurationError } from '@murmuration/pipeline/errors';
import type { MiddlewareHandler } from 'hono';
import type { ApiEnv } from '../api-app.ts';
import type { ApiPorts } from '../api-ports.ts';
import type { ApiKey } from '../contract/api-key.ts';
import { isInTime } from '../realtime/good-key.ts';

/** Who calls a server that asks for no key. */
export const anyone: ApiKey = {
  id: 'anyone',
  hash: '0'.repeat(64),
  owner: 'local',
  createdAt: '1970-01-01T00:00:00.000Z',
  // The server's own limit holds
  streamsAtOnce: Number.MAX_SAFE_INTEGER,
};

/** Lets in who has a key that is known and in time, and has not made too many requests. */
export function authenticate({
  keyRing,
  callerOf,
  ledger,
  clock,
}: Pick<ApiPorts, 'keyRing' | 'callerOf' | 'ledger' | 'clock'>): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const key =
      keyRing === undefined
        ? letIn(callerOf, c.env)
        : await find(c.req.header('authorization'), keyRing, clock());
    c.set('key', key);
    const wait = await ledger.admit(key);
    if (wait !== undefined) {
      throw new MurmurationError(
        'rate-limited',
        `this key may make ${key.requestsPerMinute} requests a minute: wait ${Math.ceil(wait)} s`,
        { details: { retryAfterSeconds: wait } },
      );
    }
    await next();
  };
}

function letIn(callerOf: ApiPorts['callerOf'], environment: unknown): ApiKey {
  if (callerOf === undefined) return anyone;
  const caller = callerOf(environment);
  if (caller !== undefined) return caller;
  throw new MurmurationError('key-refused', 'the gateway did not say who you are: sign the request');
}

async function find(
  header: string | undefined,
  keyRing: NonNullable<ApiPorts['keyRing']>,
  now: number,
): Promise<ApiKey> {
  // Deepgram's clients say Token
  const secret = /^(?:Bearer|Token) +(\S{1,200})$/i.exec(header ?? '')?.[1];
  if (secret === undefined) {
    throw new MurmurationError('key-refused', 'no key was sent: send "Authorization: Bearer KEY"');
  }
  const hash = createHash('sha256').update(secret).digest('hex');
  const key = await keyRing.find(hash);
  const isKnown = key !== undefined && timingSafeEqual(Buffer.from(key.hash), Buffer.from(hash));
  if (!isKnown || !isInTime(key, now)) {
    throw new MurmurationError('key-refused', 'the key is not known, or no longer: check it');
  }
  return key;
}
