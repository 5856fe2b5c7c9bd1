import { ApiErrorBody } from '@murmuration/api/contract/api-error-body';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { type ServiceCall, startFakeS3 } from '../contract/fake-s3.ts';

/** DynamoDB's limits of keys, and of what it is sent. */
function dynamo({ target, body }: ServiceCall): { status: number; body: unknown } {
  const refused = (message: string) => ({
    status: 400,
    body: { __type: 'com.amazon.coral.validate#ValidationException', message },
  });
  const texts = [...JSON.stringify(body).matchAll(/"(pk|sk)":\{"S":"((?:[^"\\]|\\.)*)"\}/g)];
  for (const [, name, text] of texts) {
    const sizeBytes = Buffer.byteLength(JSON.parse(`"${text}"`));
    if (sizeBytes === 0 || sizeBytes > (name === 'pk' ? 2048 : 1024))
      return refused(`${name} has ${sizeBytes} bytes`);
  }
  if (target.endsWith('.Query')) return { status: 200, body: { Items: [], Count: 0, ScannedCount: 0 } };
  if (target.endsWith('.UpdateItem')) return { status: 200, body: { Attributes: {} } };
  return { status: 200, body: {} };
}

const aws = await startFakeS3((call) =>
  call.target.startsWith('DynamoDB') ? dynamo(call) : { status: 200, body: {} },
);
afterAll(() => aws.close());

// The door reads its environment when it is loaded
Object.assign(process.env, {
  ...{ AWS_ENDPOINT_URL: aws.url, AWS_REGION: 'us-east-1', AWS_MAX_ATTEMPTS: '1' },
  ...{ AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' },
  ...{ POWERTOOLS_DEV: 'false', LOG_LEVEL: 'INFO', BUCKET: 'kit', TABLE: 'table', AUTHENTICATION: 'gateway' },
  STATE_MACHINE_ARN: 'arn:aws:states:us-east-1:000000000000:stateMachine:kit',
  REMOVAL_MACHINE_ARN: 'arn:aws:states:us-east-1:000000000000:stateMachine:removal',
  ...{ MODEL_ID: 'whisper-tiny.en-int8', MODEL_BUCKET: 'models', MODEL_FILES: '{}' },
});
const { handler } = await import('../../functions/api/main.ts');

interface Asked {
  readonly method?: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, readonly string[]>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** As API Gateway tells a request whose caller it has asked who it is; bodies come in base64. */
function eventOf({ method = 'GET', path, query, headers = {}, body }: Asked): object {
  return {
    resource: '/{proxy+}',
    path,
    httpMethod: method,
    headers: { host: 'api.example.com', ...headers },
    multiValueHeaders: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
    queryStringParameters: null,
    multiValueQueryStringParameters: query ?? null,
    requestContext: {
      domainName: 'api.example.com',
      identity: { userArn: 'arn:aws:iam::000000000000:user/ann' },
      authorizer: null,
    },
    body: body === undefined ? null : Buffer.from(body).toString('base64'),
    isBase64Encoded: body !== undefined,
  };
}

/** Must be refused in OpenAI's shape, and not by a fault of ours. */
async function refused(asked: Asked): Promise<number> {
  const answer = (await handler(eventOf(asked) as never)) as { statusCode: number; body: string };
  const told = `${asked.method} ${asked.path.slice(0, 100)}: ${answer.statusCode} ${answer.body.slice(0, 300)}`;
  expect(answer.statusCode, told).toBeGreaterThanOrEqual(400);
  expect(answer.statusCode, told).toBeLessThan(500);
  if (!asked.path.startsWith('/v1/listen')) ApiErrorBody.parse(JSON.parse(answer.body));
  return answer.statusCode;
}
const json = (path: string, body: string, headers: object = {}) =>
  refused({ method: 'POST', path, body, headers: { 'content-type': 'application/json', ...headers } });

const ids = [
  ...['a/b', '../../etc/passwd', '..', '%2e%2e%2f', 'job_', ' ', '\u0000', '\ud800', '🐦', 'é'.repeat(600)],
  ...[`job_${'0'.repeat(44)}`, `upload_${'0'.repeat(44)}`, 'a'.repeat(4000), "'; DROP TABLE jobs; --", '?#'],
  ...['%', '%zz', '%ff%fe', 'job#1', '__proto__', 'constructor', '/'.repeat(50)],
];

describe('the API’s door refuses, and never fails at:', () => {
  it.each(ids)('an id like %j', async (id) => {
    for (const path of [`/v1/jobs/${id}`, `/v1/jobs/${id}/transcript`, `/v1/models/${id}`, `/v1/${id}/x`]) {
      await refused({ path });
    }
    await refused({ method: 'DELETE', path: `/v1/jobs/${id}` });
    await json(`/v1/uploads/${id}/complete`, '{}');
    await json('/v1/jobs', JSON.stringify({ upload_id: id }));
    await json('/v1/jobs', JSON.stringify({ s3_key: id }));
    await json('/v1/jobs', JSON.stringify({ file_url: id }));
    await json('/v1/jobs', JSON.stringify({ file_url: `https://${id}` }));
  });

  it('names of objects that S3 does not take, and those of others', async () => {
    const owner = '/uploads/owners/bob/talk';
    const long = ['a', 'é', '🐦'].map((letter) => letter.repeat(1000));
    for (const s3_key of [owner, ...long, 'a/../b', './a', '\ud800', '\u0000', 'uploads/owners/']) {
      await json('/v1/jobs', JSON.stringify({ s3_key }));
      await json('/v1/jobs', JSON.stringify({ s3_key, dry_run: true }));
    }
  });

  it('JSON that is too large, too deep, or says things twice', async () => {
    const large = (bytes: number) => JSON.stringify({ name: 'a'.repeat(bytes) });
    for (const path of ['/v1/jobs', '/v1/uploads', '/v1/listen']) {
      expect(await json(path, large(10 << 20))).toBe(413);
      expect(await json(path, large(300_000))).toBe(413);
      for (const [open, close] of [
        ['[', ']'],
        ['{"hotwords":', '}'],
        ['{"replace":[', ']}'],
        ['{"":', '}'],
      ] as const) {
        await json(path, `${open.repeat(15_000)}1${close.repeat(15_000)}`);
        await json(path, `{"size_bytes":1,"hotwords":${open.repeat(15_000)}1${close.repeat(15_000)}}`);
      }
      const fields = Array.from({ length: 1000 }, (_, index) => `"f${index}":${index}`);
      await json(path, `{${fields.join()}}`);
      await json(path, `{${'"size_bytes":1,'.repeat(1000)}"size_bytes":-1}`);
      await json(path, '{"upload_id":"upload_0","upload_id":{"$ne":null}}');
      await json(path, '{"__proto__":{"size_bytes":5},"constructor":{"prototype":{"size_bytes":5}}}');
      for (const text of [
        '',
        '\ufeff{}',
        '{"a":NaN}',
        '{"size_bytes":1e999}',
        '\u0000',
        'null',
        '"a"',
        '[]',
        '1',
      ]) {
        await json(path, text);
      }
    }
  });

  it('words about a recording that Step Functions could not hand on', async () => {
    const about = { file_url: 'https://media.example/talk.mp3' };
    const hotwords = Array.from({ length: 200 }, () => '\u0001'.repeat(200));
    expect(await json('/v1/jobs', JSON.stringify({ ...about, hotwords }))).toBe(400);
    expect(
      await json(
        '/v1/jobs',
        JSON.stringify({
          ...about,
          prompt: '€'.repeat(20_000),
          hotwords: ['é'.repeat(200)].concat(Array(50).fill('é'.repeat(200))),
        }),
      ),
    ).toBe(400);
  });

  it.each([
    '',
    'text/plain',
    'application/xml',
    'multipart/form-data',
    'multipart/form-data; boundary=',
    'a'.repeat(9000),
  ])('a content type like %j', async (type) => {
    const headers = { 'content-type': type, 'content-encoding': 'gzip', 'transfer-encoding': 'chunked' };
    for (const path of ['/v1/jobs', '/v1/uploads', '/v1/audio/transcriptions', '/v1/audio/translations']) {
      await refused({ method: 'POST', path, body: Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0), headers });
      await refused({ method: 'POST', path, headers });
    }
  });

  it('forms with too many fields, or the same ones many times', async () => {
    const field = (name: string, value: string) =>
      `--edge\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
    const headers = { 'content-type': 'multipart/form-data; boundary=edge' };
    const fields = Array.from({ length: 1000 }, (_, index) => field(`f${index}`, 'a')).join('');
    const twice = field('model', 'whisper-1').repeat(50) + field('model', 'gpt-9');
    for (const body of [fields, twice, `${twice}--edge--`, field('file', 'a').repeat(99)]) {
      await refused({ method: 'POST', path: '/v1/audio/transcriptions', headers, body });
    }
  });

  it('ranges, expectations and bodies where there should be none', async () => {
    const headers = {
      ...{ range: 'bytes=0-0,5-9,-1', 'if-range': '"a"', expect: '100-continue', te: 'trailers' },
      ...{ 'content-length': '-1', 'x-forwarded-for': '127.0.0.1', 'x-http-method-override': 'DELETE' },
    };
    for (const method of ['GET', 'HEAD', 'DELETE', 'PUT', 'PATCH', 'OPTIONS']) {
      for (const path of [`/v1/jobs/job_${'0'.repeat(44)}`, '/v1/nothing', '/v1/jobs/a/transcript']) {
        const answer = (await handler(eventOf({ method, path, headers, body: '{"a":1}' }) as never)) as {
          statusCode: number;
        };
        expect([404, 405]).toContain(answer.statusCode);
      }
    }
  });

  it('queries of any kind', async () => {
    for (const query of [
      { limit: ['0'] },
      { limit: ['5', '1000'], cursor: ['a'] },
      { cursor: [`job_${'0'.repeat(43)}`] },
      { cursor: ['a'.repeat(5000)] },
      { limit: ['1e1'], cursor: ['🐦'] },
      {
        ...Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`limit${index}`, ['1']])),
        limit: ['x'],
      },
    ]) {
      await refused({ path: '/v1/jobs', query });
    }
  });

  it('a caller of whom the gateway said nothing', async () => {
    const event = eventOf({ path: '/v1/models' });
    for (const requestContext of [
      { identity: {} },
      { authorizer: { claims: {} } },
      { authorizer: 'x' },
      {},
    ]) {
      const answer = (await handler({ ...event, requestContext } as never)) as { statusCode: number };
      expect(answer.statusCode).toBe(401);
    }
  });

  it('whatever else comes', async () => {
    const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constantFrom(...ids));
    const path = fc
      .tuple(
        fc.constantFrom('/v1/jobs/', '/v1/uploads/', '/v1/models/', '/v1/'),
        text,
        fc.constantFrom('', '/transcript', '/complete'),
      )
      .map((parts) => parts.join(''));
    await fc.assert(
      fc.asyncProperty(
        path,
        fc.constantFrom('GET', 'DELETE', 'POST', 'PUT'),
        fc.json(),
        async (path, method, body) => {
          const event = eventOf({ path, method, body });
          const answer = (await handler(event as never)) as { statusCode: number };
          expect(answer.statusCode).toBeLessThan(500);
        },
      ),
      { numRuns: 300 },
    );
  });
});
