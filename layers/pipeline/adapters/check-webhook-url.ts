import { MurmurationError } from '../errors.ts';
import type { HttpBounds } from './http-bounds.ts';

/**
 * Throws `invalid-argument` for an address that is called by no webhook, as far as it can be seen without looking up its
 * name.
 */
export function checkWebhookUrl(
  url: URL,
  { check, isRefusal, secureOnly }: Pick<HttpBounds, 'check' | 'isRefusal' | 'secureOnly'>,
): void {
  if (url.protocol !== 'https:' && (secureOnly || url.protocol !== 'http:')) {
    throw webhookRefused(url, `${url.protocol} is not taken: give an https address`);
  }
  if (url.username !== '' || url.password !== '') {
    throw webhookRefused(url, 'it holds a password: the signature says who sends');
  }
  try {
    check(url);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    throw webhookRefused(url, error instanceof Error ? error.message : String(error), error);
  }
}

/** Of the address only the host: the rest may hold a secret. */
export function webhookRefused(url: URL, reason: string, cause?: unknown): MurmurationError {
  return new MurmurationError('invalid-argument', `the webhook to ${url.host} is refused: ${reason}`, {
    details: { param: 'webhook.url' },
    cause,
  });
}
