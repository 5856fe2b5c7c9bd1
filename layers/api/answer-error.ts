import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { ApiContext } from './api-app.ts';
import { describeError } from './contract/api-error-body.ts';

/** Of a recording that cannot be used: OpenAI's API knows no status of its own for it, nor its SDKs an error but `BadRequestError`. */
const aboutRecordings = new Set([415, 422]);

/** An error as an answer, in OpenAI's shape or Deepgram's, with what their SDKs read: whether and when to try again. */
export function answerError(c: ApiContext, error: unknown): Response {
  const { body, retryable, retryAfterSeconds, ...described } = describeError(error, c.get('requestId'));
  const isBadRequest = c.req.path.startsWith('/v1/audio/') && aboutRecordings.has(described.status);
  const status = isBadRequest ? 400 : described.status;
  if (retryAfterSeconds !== undefined) c.header('retry-after', `${Math.ceil(retryAfterSeconds)}`);
  if (status === 429 || status >= 500) c.header('x-should-retry', `${retryable}`);
  if (status === 401) c.header('www-authenticate', 'Bearer');
  // What is left of the body is not read: nothing else can come through this connection
  if (!c.req.raw.bodyUsed && c.req.raw.body !== null) c.header('connection', 'close');
  if (c.req.path === '/v1/listen') {
    const { code, message } = body.error;
    const deepgram = { err_code: code, err_msg: message, request_id: c.get('requestId') };
    return c.json(deepgram, status as ContentfulStatusCode);
  }
  return c.json(body, status as ContentfulStatusCode);
}
