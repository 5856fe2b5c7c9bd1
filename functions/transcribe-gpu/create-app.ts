import type { BatchResult } from '@murmuration/pipeline/contract/batch-result';
import { errorPolicy, MurmurationError } from '@murmuration/pipeline/errors';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { Logger } from 'pino';
import { z } from 'zod';
import { Invocation } from './invocation.ts';
import type { Telemetry } from './telemetry.ts';

export interface AppOptions {
  readonly mostBodyBytes: number;
  readonly mostRequests: number;
  readonly requestSeconds: number;
}

export interface AppPorts {
  /** Undefined as long as requests can be taken, else why not. */
  readonly unready: () => string | undefined;
  readonly answer: (invocation: Invocation, requestId: string, signal: AbortSignal) => Promise<BatchResult>;
  readonly telemetry: Telemetry;
  readonly log: Logger;
  readonly newId: () => string;
}

/** SageMaker's contract: `GET /ping`, `POST /invocations`; and `GET /metrics`. Failures are `{ code, reason }`. */
export function createApp(options: AppOptions, { unready, answer, telemetry, log, newId }: AppPorts): Hono {
  const app = new Hono();
  let requests = 0;

  app.get('/ping', (c) => {
    const why = unready();
    return why === undefined ? c.json({ status: 'ready' }) : c.json({ status: why }, 503);
  });

  app.get('/metrics', async (c) => {
    const { contentType, text } = await telemetry.read();
    return c.text(text, 200, { 'content-type': contentType });
  });

  const limit = bodyLimit({
    maxSize: options.mostBodyBytes,
    onError: (c) =>
      fail(
        c,
        413,
        'audio-too-long',
        `the body is larger than ${options.mostBodyBytes} bytes: send less audio`,
      ),
  });

  app.post('/invocations', async (c, next) => {
    const why = unready();
    if (why !== undefined || requests >= options.mostRequests) {
      const reason = why ?? `${requests} requests are under way, the most at once: send it again`;
      return fail(c, 503, 'overloaded', reason);
    }
    requests++;
    try {
      return await next();
    } finally {
      requests--;
    }
  });

  app.post('/invocations', limit, async (c) => {
    const requestId = c.req.header('x-amzn-sagemaker-inference-id') ?? newId();
    const timeout = AbortSignal.timeout(options.requestSeconds * 1000);
    const stop = telemetry.requestStarted();
    try {
      const invocation = parse(await c.req.text());
      const signal = AbortSignal.any([timeout, c.req.raw.signal]);
      const result = await answer(invocation, requestId, signal);
      const { jobId, index, cached, engineSeconds } = result;
      log.info(
        { requestId, jobId, index, cached, engineSeconds, segments: result.transcripts.length },
        'answered',
      );
      stop('ok');
      return c.json(result);
    } catch (error) {
      const { code, reason, status } = timeout.aborted
        ? {
            code: 'aborted',
            reason: `not done in ${options.requestSeconds} s: send fewer segments`,
            status: 504,
          }
        : describe(error);
      log.warn({ requestId, code, err: error }, 'failed');
      stop(code);
      return fail(c, status, code, reason);
    }
  });

  app.notFound((c) => fail(c, 404, 'invalid-argument', `nothing is at ${c.req.method} ${c.req.path}`));
  app.onError((error, c) => {
    log.error({ err: error }, 'unexpected');
    const { code, reason, status } = describe(error);
    return fail(c, status, code, reason);
  });
  return app;
}

function parse(body: string): Invocation {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch (cause) {
    throw new MurmurationError(
      'invalid-argument',
      'the body is no JSON: send a batch, or { pcm, decoding }',
      {
        cause,
      },
    );
  }
  const parsed = Invocation.safeParse(json);
  if (parsed.success) return parsed.data;
  const problems = z.prettifyError(parsed.error).replaceAll('\n', ' ').slice(0, 500);
  throw new MurmurationError(
    'invalid-argument',
    `the body is neither a batch nor { pcm, decoding }: ${problems}`,
  );
}

function describe(error: unknown): { code: string; reason: string; status: number } {
  if (error instanceof MurmurationError) {
    const { code, message } = error;
    return { code, reason: message, status: errorPolicy[code].httpStatus };
  }
  // Words that were not written for strangers stay in the log
  return { code: 'internal', reason: 'something unexpected failed: see the log', status: 500 };
}

function fail(c: Context, status: number, code: string, reason: string): Response {
  if (status === 503) c.header('retry-after', '1');
  // What is left of the body is not read: nothing else can come through this connection
  if (!c.req.raw.bodyUsed && c.req.raw.body !== null) c.header('connection', 'close');
  return c.json({ code, reason }, status as ContentfulStatusCode);
}
