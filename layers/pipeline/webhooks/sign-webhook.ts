import { createHmac } from 'node:crypto';
import { MurmurationError } from '../errors.ts';

const PREFIX = 'whsec_';
/** The standard asks for 24 to 64 bytes. */
const LEAST_SECRET_BYTES = 24;

export interface WebhookToSign {
  /** The same for every try, so that who receives it twice can tell. */
  readonly deliveryId: string;
  /** Of this try: receivers refuse what is older than five minutes, so that nobody sends it again. */
  readonly sentAtMilliseconds: number;
  readonly body: string;
}

/**
 * The headers of Standard Webhooks (standardwebhooks.com), which has libraries for receivers in most languages:
 * HMAC-SHA256 over id, time and body. `secret` is `whsec_` and base64. Throws `invalid-argument`.
 */
export function signWebhook(
  { deliveryId, sentAtMilliseconds, body }: WebhookToSign,
  secret: string,
): Record<string, string> {
  const timestamp = String(Math.floor(sentAtMilliseconds / 1000));
  const signature = createHmac('sha256', keyOf(secret))
    .update(`${deliveryId}.${timestamp}.${body}`)
    .digest('base64');
  return {
    'webhook-id': deliveryId,
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${signature}`,
  };
}

function keyOf(secret: string): Buffer {
  const key = Buffer.from(secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : '', 'base64');
  if (key.length >= LEAST_SECRET_BYTES) return key;
  // The secret itself is never named
  throw new MurmurationError(
    'invalid-argument',
    `the webhook secret must be "${PREFIX}" and the base64 of at least ${LEAST_SECRET_BYTES} bytes: make one by \`echo ${PREFIX}$(openssl rand -base64 32)\``,
  );
}
