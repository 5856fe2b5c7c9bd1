import { setTimeout } from 'node:timers/promises';
import { ApiErrorBody } from '@murmuration/api/contract/api-error-body';
import { type ErrorCode, isErrorCode, MurmurationError } from '@murmuration/pipeline/errors';
import type { z } from 'zod';
import { retryAfter } from './retry-after.ts';

interface ApiRequest {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly json?: unknown;
  readonly body?: Blob;
  readonly signal?: AbortSignal | undefined;
  /** Of a POST that does no harm when it is sent twice. */
  readonly repeatable?: true;
  /** Makes it one. */
  readonly idempotencyKey?: string;
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

export interface ApiClient {
  /**
   * Sends again what failed for the network, the server or the rate, where that does no harm. Throws the server's errors as
   * ours, `store-unavailable` where there is no server, `aborted`.
   */
  call<Schema extends z.ZodType>(
    path: string,
    answer: Schema,
    request?: ApiRequest,
  ): Promise<z.output<Schema>>;
  /** Sends a part of an upload; answers its etag. An address of another server is not told the key. */
  send(url: string, body: Blob, signal?: AbortSignal): Promise<string>;
}

/** OpenAI's words back into ours. */
const codes: Readonly<Record<string, ErrorCode>> = {
  invalid_api_key: 'key-refused',
  rate_limit_exceeded: 'rate-limited',
  insufficient_quota: 'budget-spent',
  model_not_found: 'model-not-found',
};

/** Talks to `murmuration serve`, or to the API in an AWS account. */
export function apiClient(server: string, key: string | undefined): ApiClient {
  if (!/^https?:\/\//i.test(server) || !URL.canParse(server)) {
    throw new MurmurationError('invalid-argument', `"${server}" is no address of a server: give http(s)://…`);
  }
  const base = server.endsWith('/') ? server : `${server}/`;
  const own = new URL(base);
  // Under a stage's path too, as API Gateway has one
  const resolve = (path: string) => new URL(path.replace(/^\//, ''), base);

  /** Who never was there is rather a wrong address than away for a moment. */
  let wasReached = false;

  async function request(url: URL, options: ApiRequest): Promise<Answer> {
    const { method = 'GET', signal, repeatable, idempotencyKey } = options;
    const mayRepeat = method !== 'POST' || repeatable || idempotencyKey !== undefined;
    for (let retries = 0; ; retries++) {
      const answer = await once(url, options).catch((cause: unknown) => {
        if (signal?.aborted) throw stopped(cause);
        return new MurmurationError('store-unavailable', `cannot reach ${own.host}: check --remote`, {
          cause,
        });
      });
      const isAnswer = !(answer instanceof MurmurationError);
      wasReached ||= isAnswer;
      if (isAnswer && answer.status < 400) return answer;
      const seconds = retryAfter(retries, isAnswer ? answer.headers.get('retry-after') : null, Date.now());
      const isPassing = isAnswer ? passes(answer, mayRepeat) : mayRepeat && wasReached;
      if (seconds === undefined || !isPassing) throw isAnswer ? errorOf(answer) : answer;
      await setTimeout(seconds * 1000, undefined, { signal }).catch((cause: unknown) => {
        throw stopped(cause);
      });
    }
  }

  /** The text too: a connection may break in the middle of it. */
  async function once(
    url: URL,
    { method = 'GET', json, body, signal, idempotencyKey }: ApiRequest,
  ): Promise<Answer> {
    const headers = new Headers();
    if (key !== undefined && url.origin === own.origin) headers.set('authorization', `Bearer ${key}`);
    if (json !== undefined) headers.set('content-type', 'application/json');
    if (idempotencyKey !== undefined) headers.set('idempotency-key', idempotencyKey);
    const sent = json === undefined ? body : JSON.stringify(json);
    const response = await fetch(url, {
      method,
      headers,
      ...(sent === undefined ? {} : { body: sent }),
      ...(signal === undefined ? {} : { signal }),
    });
    return { status: response.status, headers: response.headers, text: await response.text() };
  }

  return {
    async call(path, answer, options = {}) {
      const { text } = await request(resolve(path), options);
      const parsed = answer.safeParse(jsonIn(text));
      if (parsed.success) return parsed.data;
      throw new MurmurationError(
        'store-unavailable',
        `${own.host} does not answer as Murmuration does: is it such a server, and of this version?`,
      );
    },
    async send(url, body, signal) {
      const address = /^https?:/i.test(url) ? new URL(url) : resolve(url);
      const { headers } = await request(address, { method: 'PUT', body, signal });
      return (headers.get('etag') ?? '').replaceAll('"', '');
    },
  };
}

/** What was refused for the rate was not done, so that anything may be sent again. */
function passes({ status, headers }: Answer, mayRepeat: boolean): boolean {
  // Where a budget is spent, or the fault is the server's own, it says so
  if (headers.get('x-should-retry') === 'false') return false;
  return status === 429 || (status >= 500 && mayRepeat);
}

const stopped = (cause: unknown) =>
  new MurmurationError('aborted', 'stopped while the server worked', { cause });

function errorOf({ status, text }: Answer): MurmurationError {
  const parsed = ApiErrorBody.safeParse(jsonIn(text));
  if (!parsed.success) {
    return new MurmurationError('store-unavailable', `the server answered HTTP ${status}: try again later`);
  }
  const { code, message } = parsed.data.error;
  const word = code ?? '';
  return new MurmurationError(codes[word] ?? (isErrorCode(word) ? word : 'internal'), message);
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
