import { setTimeout } from 'node:timers/promises';
import { ApiErrorBody } from '@murmuration/api/contract/api-error-body';
import { type ErrorCode, errorPolicy, MurmurationError } from '@murmuration/pipeline/errors';
import type { z } from 'zod';

interface ApiRequest {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly json?: unknown;
  readonly body?: Blob;
  readonly signal?: AbortSignal | undefined;
}

export interface ApiClient {
  /** Throws the server's errors as ours, `store-unavailable` where there is no server, `aborted`. */
  call<Schema extends z.ZodType>(
    path: string,
    answer: Schema,
    request?: ApiRequest,
  ): Promise<z.output<Schema>>;
  /** Sends a part of an upload; answers its etag. An address of another server is not told the key. */
  send(url: string, body: Blob, signal?: AbortSignal): Promise<string>;
}

/** How often a request that came too early is sent again. */
const MOST_RETRIES = 5;

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

  async function request(url: URL, { method = 'GET', json, body, signal }: ApiRequest): Promise<Response> {
    const headers = new Headers();
    if (key !== undefined && url.origin === own.origin) headers.set('authorization', `Bearer ${key}`);
    if (json !== undefined) headers.set('content-type', 'application/json');
    const sent = json === undefined ? body : JSON.stringify(json);
    for (let retry = 0; ; retry++) {
      const response = await fetch(url, {
        method,
        headers,
        ...(sent === undefined ? {} : { body: sent }),
        ...(signal === undefined ? {} : { signal }),
      }).catch((cause: unknown) => {
        if (signal?.aborted)
          throw new MurmurationError('aborted', 'stopped while the server worked', { cause });
        throw new MurmurationError('store-unavailable', `cannot reach ${own.host}: check --remote`, {
          cause,
        });
      });
      if (response.ok) return response;
      const error = await errorOf(response);
      if (error.code !== 'rate-limited' || retry === MOST_RETRIES) throw error;
      const seconds = Number(response.headers.get('retry-after') ?? 1);
      await setTimeout(Math.min(60, Math.max(1, seconds)) * 1000);
    }
  }

  return {
    async call(path, answer, options = {}) {
      const response = await request(resolve(path), options);
      const parsed = answer.safeParse(await response.json().catch(() => undefined));
      if (parsed.success) return parsed.data;
      throw new MurmurationError(
        'store-unavailable',
        `${own.host} does not answer as Murmuration does: is it such a server, and of this version?`,
      );
    },
    async send(url, body, signal) {
      const response = await request(/^https?:/i.test(url) ? new URL(url) : resolve(url), {
        method: 'PUT',
        body,
        signal,
      });
      return (response.headers.get('etag') ?? '').replaceAll('"', '');
    },
  };
}

async function errorOf(response: Response): Promise<MurmurationError> {
  const parsed = ApiErrorBody.safeParse(await response.json().catch(() => undefined));
  if (!parsed.success) {
    return new MurmurationError(
      'store-unavailable',
      `the server answered HTTP ${response.status}: try again later`,
    );
  }
  const { code, message } = parsed.data.error;
  const known = Object.keys(errorPolicy).find((each) => each === code) as ErrorCode | undefined;
  return new MurmurationError(codes[code ?? ''] ?? known ?? 'internal', message);
}
