import { Writable } from 'node:stream';
import { expect, it } from 'vitest';

interface Streamed extends Writable {
  metadata?: { readonly statusCode: number };
}

/** As Lambda has it: marks handlers, and puts what is told of an answer before its body. */
const marked = new Set<unknown>();
Object.assign(globalThis, {
  awslambda: {
    streamifyResponse(handler: object) {
      marked.add(handler);
      return handler;
    },
    HttpResponseStream: {
      from: (stream: Streamed, metadata: Streamed['metadata']) => Object.assign(stream, { metadata }),
    },
  },
});
// The door reads its environment when it is loaded
Object.assign(process.env, {
  ...{ AWS_ENDPOINT_URL: 'http://127.0.0.1:1', AWS_REGION: 'us-east-1', AWS_MAX_ATTEMPTS: '1' },
  ...{ AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test', POWERTOOLS_DEV: 'false' },
  ...{
    BUCKET: 'kit',
    TABLE: 'table',
    AUTHENTICATION: 'gateway',
    STATE_MACHINE_ARN: 'a',
    REMOVAL_MACHINE_ARN: 'b',
  },
  ...{ MODEL_ID: 'whisper-tiny.en-int8', MODEL_BUCKET: 'models', MODEL_FILES: '{}' },
});
const { handler } = await import('../../functions/api/main.ts');

async function answered(event: object) {
  const chunks: Buffer[] = [];
  const stream: Streamed = new Writable({
    write(chunk, _, done) {
      chunks.push(Buffer.from(chunk));
      done();
    },
  });
  await handler(event as never, ...([stream, {}] as never[]));
  return { status: stream.metadata?.statusCode, body: Buffer.concat(chunks).toString() };
}

const event = {
  ...{ path: '/healthz', httpMethod: 'GET', headers: { host: 'api.example.com' } },
  requestContext: { domainName: 'api.example.com' },
};

it('streams what the API answers, and is what Lambda was told to stream', async () => {
  expect(marked).toContain(handler);
  expect(await answered(event)).toMatchObject({ status: 200 });
});

it('answers in words that clients read where a GET has a body, which none should', async () => {
  for (const httpMethod of ['GET', 'HEAD']) {
    const asked = { ...event, path: '/nothing', httpMethod, body: 'e30=', isBase64Encoded: true };
    const { status, body } = await answered(asked);
    expect(status).toBe(404);
    if (httpMethod === 'GET') expect(JSON.parse(body).error.code).toBe('not-found');
  }
});
