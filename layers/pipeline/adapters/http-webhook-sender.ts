import { request as plainRequest } from 'node:http';
import { request as secureRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import { MurmurationError } from '../errors.ts';
import type { WebhookSender } from '../ports.ts';
import { checkWebhookUrl, webhookRefused } from './check-webhook-url.ts';
import type { HttpBounds } from './http-bounds.ts';

/** As long as receivers have: what takes longer they do after answering. */
const TIMEOUT_MILLISECONDS = 15_000;

/** Posts over a connection of its own, follows no redirect, and reads nothing of the answer but its status. */
export function httpWebhookSender(bounds: HttpBounds): WebhookSender {
  return {
    async post(url, body, headers) {
      checkWebhookUrl(url, bounds);
      try {
        return await send(url, body, headers, bounds.lookup);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        if (bounds.isRefusal(error)) throw webhookRefused(url, reason, error);
        throw new MurmurationError('receiver-unavailable', `${url.host} was not reached: ${reason}`, {
          cause: error,
        });
      }
    },
  };
}

function send(
  url: URL,
  body: string,
  headers: Readonly<Record<string, string>>,
  lookup: LookupFunction,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const begin = url.protocol === 'http:' ? plainRequest : secureRequest;
    const request = begin(
      url,
      {
        method: 'POST',
        // No connection outlives its check
        agent: false,
        lookup,
        headers: { ...headers, 'content-length': Buffer.byteLength(body), 'user-agent': 'murmuration' },
        signal: AbortSignal.timeout(TIMEOUT_MILLISECONDS),
      },
      (response) => {
        resolve(response.statusCode ?? 0);
        response.destroy();
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}
