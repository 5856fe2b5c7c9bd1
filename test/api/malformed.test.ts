import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { ApiErrorBody } from '@murmuration/api/contract/api-error-body';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixture } from '../functions/run-cli.ts';
import { type StartedServer, startServer } from './start-server.ts';

let server: StartedServer;
beforeAll(async () => {
  server = await startServer(['--max-upload', '2']);
});
afterAll(() => server.stop());

/** A request to a server that must refuse it, in one of OpenAI's shapes, and live. */
async function refused(path: string, init: RequestInit = {}): Promise<number> {
  const response = await fetch(server.url + path, init);
  const text = await response.text();
  expect(response.status, `${init.method} ${path}: ${text.slice(0, 300)}`).toBeGreaterThanOrEqual(400);
  expect(response.status, text.slice(0, 300)).toBeLessThan(500);
  expect(response.headers.get('x-request-id')).toMatch(/^req_/);
  if (!path.startsWith('/v1/listen')) ApiErrorBody.parse(JSON.parse(text));
  return response.status;
}

const boundary = 'edge';
const part = (head: string, value: string) => `--${boundary}\r\n${head}\r\n\r\n${value}\r\n`;
const field = (name: string, value: string) => part(`Content-Disposition: form-data; name="${name}"`, value);
const sound = readFileSync(fixture('whats-the-weather-like.mp3')).toString('latin1');
const file = part('Content-Disposition: form-data; name="file"; filename="a.mp3"', sound);
const end = `--${boundary}--\r\n`;
const multipart = `multipart/form-data; boundary=${boundary}`;

const forms: readonly (readonly [what: string, contentType: string, body: string])[] = [
  ['nothing', multipart, ''],
  ['no part', multipart, end],
  ['no file', multipart, field('model', 'whisper-1') + end],
  ['no model', multipart, file + end],
  ['an empty model', multipart, field('model', '') + file + end],
  ['a file that is a field', multipart, field('model', 'whisper-1') + field('file', 'abc') + end],
  ['no end', multipart, field('model', 'whisper-1') + file],
  ['an end in the middle of the file', multipart, (field('model', 'whisper-1') + file).slice(0, 900)],
  ['another boundary', 'multipart/form-data; boundary=other', field('model', 'whisper-1') + file + end],
  ['no boundary', 'multipart/form-data', field('model', 'whisper-1') + file + end],
  ['an empty boundary', 'multipart/form-data; boundary=', field('model', 'whisper-1') + file + end],
  ['a part without a head', multipart, `--${boundary}\r\n\r\nabc\r\n${end}`],
  ['a part without a name', multipart, part('Content-Disposition: form-data', 'abc') + end],
  ['JSON', 'application/json', '{"model":"whisper-1"}'],
  ['a form of the other kind', 'application/x-www-form-urlencoded', 'model=whisper-1&file=abc'],
  ['bytes', 'application/octet-stream', sound],
  ['a hundred fields too many', multipart, field('a', 'b').repeat(300) + file + end],
  ['a field of a megabyte', multipart, field('prompt', 'a'.repeat(1 << 20)) + file + end],
  ['a name of a megabyte', multipart, field('a'.repeat(1 << 20), 'b') + file + end],
  ['a head without end', multipart, `--${boundary}\r\nContent-Disposition: ${'a'.repeat(1 << 20)}`],
  ['text that is no audio', multipart, field('model', 'whisper-1') + file.replace(sound, 'hello') + end],
  ['an empty file', multipart, field('model', 'whisper-1') + file.replace(sound, '') + end],
  [
    'a text for a stream',
    multipart,
    field('model', 'whisper-1') + field('stream', 'yes please') + file + end,
  ],
  ['a language that is none', multipart, field('model', 'whisper-1') + field('language', 'xx') + file + end],
  ['a proto', multipart, field('__proto__[type]', 'a') + field('model[constructor]', 'a') + file + end],
  ['a list for a word', multipart, field('model[]', 'a') + field('model[b]', 'c') + file + end],
];

const jsonBodies: readonly string[] = [
  ...['', '{', 'null', '[]', '"a"', '0', '{}', '{"a":1}', '\u0000', '{"__proto__":{}}', '1e999', '[[[[[['],
  ...['{"upload_id":1}', '{"upload_id":"../../etc/passwd"}', '{"upload_id":"upload_0"}'],
  ...['{"file_url":"nonsense"}', '{"file_url":"https://"}', '{"file_url":"javascript:alert(1)"}'],
  ...['{"file_url":"https://a.example","s3_key":"a"}', '{"s3_key":""}', '{"file_url":null}'],
  ...['{"file_url":"https://a.example","model":"gpt-9"}', '{"file_url":"https://a.example","temperature":7}'],
  ...['', 'http://', 'mailto:a@b.example', 'https://a:b@c.example', 'https://127.0.0.1/'].map((url) =>
    JSON.stringify({ file_url: 'https://a.example', webhook: { url } }),
  ),
  ...['{"file_url":"https://a.example","hotwords":"a"}', '{"file_url":"https://a.example","channels":3}'],
  ...['{"size_bytes":-1}', '{"size_bytes":0}', '{"size_bytes":1.5}', '{"size_bytes":1e300}', '{"name":5}'],
  `{"name":"${'a'.repeat(300_000)}"}`,
  `${'['.repeat(50_000)}`,
  `{"hotwords":${'['.repeat(50_000)}1${']'.repeat(50_000)}}`,
  `${'{"a":'.repeat(30_000)}1${'}'.repeat(30_000)}`,
  `{${Array.from({ length: 1000 }, (_, index) => `"f${index}":1`).join()}}`,
  `{${'"size_bytes":1,'.repeat(1000)}"size_bytes":-1}`,
  '{"upload_id":"upload_0","upload_id":{"$ne":null}}',
  '{"s3_key":"\\ud800"}',
  '{"s3_key":"a/../b"}',
  JSON.stringify({ file_url: 'https://a.example', hotwords: Array(200).fill('\u0001'.repeat(200)) }),
];

const paths = ['/v1/jobs', '/v1/uploads', '/v1/listen'] as const;
const odd = [
  '..%2f..%2fetc%2fpasswd',
  'a%2fb',
  'job_%2e%2e%2f',
  '__proto__',
  '%ED%A0%80',
  '%',
  '%00',
  '%ff%fe',
  'job_',
  `job_${'0'.repeat(44)}`,
  'a'.repeat(4000),
  "'--",
  '%F0%9F%90%A6',
];

describe('a malformed request is refused, and never a fault of the server:', () => {
  it.each(forms)('a form with %s', async (_what, contentType, body) => {
    for (const path of ['/v1/audio/transcriptions', '/v1/audio/translations']) {
      await refused(path, {
        method: 'POST',
        headers: { 'content-type': contentType },
        body: Buffer.from(body, 'latin1'),
      });
    }
  });

  it.each(paths)('JSON that is none, or says the wrong things, to %s', async (path) => {
    const headers = { 'content-type': 'application/json' };
    for (const body of jsonBodies) await refused(path, { method: 'POST', headers, body });
  });

  it.each(odd)('an id like %j', async (id) => {
    await refused(`/v1/jobs/${id}`);
    await refused(`/v1/jobs/${id}/transcript`);
    await refused(`/v1/jobs/${id}`, { method: 'DELETE' });
    await refused(`/v1/uploads/${id}/content`, { method: 'PUT', body: 'abc' });
    await refused(`/v1/uploads/${id}/complete`, { method: 'POST', body: '{}' });
    await refused(`/v1/models/${id}`);
    await refused(`/v1/${id}`);
  });

  it('a query that makes no sense', async () => {
    for (const query of [
      'limit=0',
      'limit=1e9',
      'limit=a',
      'cursor=a',
      'cursor=../..',
      'cursor=',
      'limit=-1',
    ])
      await refused(`/v1/jobs?${query}`);
    for (const query of [
      'model=',
      'multichannel=2',
      'callback=http://a',
      'redact=pci',
      'diarize=true',
      'language=',
    ])
      await refused(`/v1/listen?${query}`, { method: 'POST', body: 'abc' });
  });

  it('a method that is not known, which is told', async () => {
    for (const [path, allow] of [
      ['/v1/jobs', 'GET, POST'],
      ['/v1/audio/transcriptions', 'POST'],
      ['/v1/models', 'GET'],
      ['/healthz', 'GET'],
    ] as const) {
      for (const method of ['PATCH', 'OPTIONS', 'PUT']) {
        const response = await fetch(server.url + path, { method });
        expect([response.status, response.headers.get('allow')]).toEqual([405, allow]);
      }
    }
  });

  it('JSON of another kind of content, or of 10 MB', async () => {
    for (const path of paths) {
      const json = { method: 'POST', headers: { 'content-type': 'application/json' } };
      expect(await refused(path, { ...json, body: JSON.stringify({ name: 'a'.repeat(10 << 20) }) })).toBe(
        413,
      );
      for (const type of ['text/plain', 'application/xml', 'application/json; charset=utf-16', '; ; =']) {
        await refused(path, { method: 'POST', headers: { 'content-type': type }, body: '{"a":1}' });
      }
      const gzip = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
      await refused(path, { method: 'POST', headers: gzip, body: '\u001f\u008b\b\0\0' });
    }
  });

  it('ranges, and bodies where there should be none', async () => {
    for (const range of ['bytes=0-0', 'bytes=-1', 'bytes=9-0', 'lines=1-2', 'bytes=0-0,5-9']) {
      await refused(`/v1/jobs/job_${'0'.repeat(44)}`, { headers: { range, 'if-range': '"a"' } });
      await refused('/v1/jobs/a/transcript', { headers: { range } });
    }
    await refused('/v1/jobs/a', { method: 'DELETE', body: '{"a":1}' });
  });

  it('a body that is too large, announced or not', async () => {
    const large = Buffer.alloc(3 << 20);
    expect(await refused('/v1/listen', { method: 'POST', body: large })).toBe(413);
    const chunked = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(1 << 18)),
    });
    const request = { method: 'POST', body: chunked, duplex: 'half' } as RequestInit;
    // The server may hang up before all is sent, which fetch takes for a failure
    const status = await refused('/v1/listen', request).catch(() => 413);
    expect(status).toBe(413);
  });

  it('fields of any kind', async () => {
    const names = fc.oneof(
      fc.constantFrom(
        ...['model', 'language', 'prompt', 'response_format', 'temperature', 'timestamp_granularities[]'],
        ...['include[]', 'stream', 'chunking_strategy', 'chunking_strategy[type]', '__proto__[a]', 'a[b][c]'],
      ),
      fc.string(),
    );
    const anyForm = fc.array(fc.tuple(names, fc.string({ unit: 'binary' })), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(anyForm, async (fields) => {
        const form = new FormData();
        for (const [name, value] of fields) form.append(name, value);
        // Without a recording none can be right
        await refused('/v1/audio/transcriptions', { method: 'POST', body: form });
      }),
      { numRuns: 150 },
    );
  });

  it('bytes of any kind on the wire', async () => {
    const { hostname, port } = new URL(server.url);
    const send = (bytes: Uint8Array | string) =>
      new Promise<void>((resolve) => {
        const socket = connect({ host: hostname, port: Number(port) }, () => socket.end(bytes));
        socket.on('data', () => undefined);
        socket.on('error', () => resolve());
        socket.on('close', () => resolve());
      });
    await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), send), { numRuns: 100 });
    const head = `POST /v1/audio/transcriptions HTTP/1.1\r\nHost: ${hostname}:${port}\r\n`;
    for (const rest of [
      `Content-Type: ${multipart}\r\nContent-Length: 1000\r\n\r\n${field('model', 'whisper-1')}`,
      `Content-Type: ${multipart}\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\nabc`,
      `Content-Type: ${multipart}\r\nContent-Length: 10\r\nTransfer-Encoding: chunked\r\n\r\n`,
      'Expect: 100-continue\r\nContent-Length: 5\r\n\r\nabc',
      'Expect: the worst\r\nContent-Length: 5\r\n\r\nabcde',
      `Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef`,
      `${'X-A: b\r\n'.repeat(3000)}\r\n`,
      'Content-Length: -1\r\n\r\n',
      'Content-Length: 99999999999999999999\r\n\r\n',
    ]) {
      await send(head + rest);
      await send(`${head}Connection: Upgrade\r\nUpgrade: h2c\r\n${rest}`);
    }
    for (const [target, host] of [
      ['/v1/realtime', '['],
      ['//[', hostname],
      ['/v1/realtime?%', 'a:b@c'],
      ['*', ''],
    ]) {
      const handshake = `Host: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`;
      await send(`GET ${target} HTTP/1.1\r\n${handshake}`);
    }
  });

  it('and the server is there afterwards, with nothing of it to report', async () => {
    expect(server.exitCode()).toBeNull();
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
    expect(
      server
        .log()
        .split('\n')
        .filter((line) => /req_|upgrade:/.test(line)),
    ).toEqual([]);
  });
});
