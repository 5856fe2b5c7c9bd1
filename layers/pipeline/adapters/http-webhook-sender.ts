import { request as plainRequest } from 'node:http';
import { request as secureRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import { MurmurationError } from '../errors.ts';
import type { WebhookSender } from '../ports.ts';

/** Which addresses may be called: @murmuration/media/http-reach knows. */
export interface HttpBounds {
  /** Throws where an address names a number that is out of bounds. */
  check(url: URL): void;
  /** Refuses a name that leads out of bounds, at the moment of connecting. */
  readonly lookup: LookupFunction;
  /** Whether either of them refused. */
  isRefusal(error: unknown): boolean;
  /** Of the internet: nobody on the way shall read it. */
  readonly secureOnly: boolean;
}

/** As long as receivers have: what takes longer they do after answering. */
const TIMEOUT_MILLISECONDS = 15_000;

/** Posts over a connection of its own, follows no redirect, and reads nothing of the answer but its status. */
export function httpWebhookSender({ check, lookup, isRefusal, secureOnly }: HttpBounds): WebhookSender {
  return {
    async post(url, body, headers) {
      if (url.protocol !== 'https:' && (secureOnly || url.protocol !== 'http:')) {
        throw refused(url, `${url.protocol} is not taken: give an https address`);
      }
      if (url.username !== '' || url.password !== '') {
        throw refused(url, 'it holds a password: the signature says who sends');
      }
      try {
        check(url);
        return await send(url, body, headers, lookup);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        if (isRefusal(error)) throw refused(url, reason, error);
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

function refused(url: URL, reason: string, cause?: unknown): MurmurationError {
  return new MurmurationError('invalid-argument', `the webhook to ${url.host} is refused: ${reason}`, {
    cause,
  });
}
