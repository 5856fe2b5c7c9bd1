import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { recordingForm } from './recording-form.ts';
import { type StartedServer, startServer } from './start-server.ts';

let server: StartedServer;
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
beforeAll(async () => {
  server = await startServer();
});
afterAll(async () => {
  agent.destroy();
  await server.stop();
});

/** As `curl --http2` and Java's HttpClient send every request over plain http. */
const offer = { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'http2-settings': 'AAMAAABkAAQ' };

async function offering(
  method: string,
  path: string,
  body?: FormData | object,
  headers: Readonly<Record<string, string>> = offer,
) {
  const sent = new Response(body instanceof FormData ? body : body && JSON.stringify(body));
  const type = body instanceof FormData ? sent.headers.get('content-type')! : 'application/json';
  const bytes = Buffer.from(await sent.arrayBuffer());
  const described = body === undefined ? {} : { 'content-type': type, 'content-length': bytes.length };
  const asked = request(server.url + path, { method, agent, headers: { ...headers, ...described } });
  asked.end(bytes);
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  return { status: response.statusCode, text: await text(response) };
}

/** What comes back for `bytes` until the server hangs up. */
async function answerTo(...bytes: readonly string[]): Promise<string> {
  const { hostname, port } = new URL(server.url);
  const socket = connect({ host: hostname, port: Number(port) });
  socket.write(bytes.join('\r\n'));
  return text(socket);
}

describe('an offer to speak another protocol is let lie:', () => {
  it('a recording is transcribed', async () => {
    const body = await recordingForm('jfk.flac', [['response_format', 'text']]);
    const answered = await offering('POST', '/v1/audio/transcriptions', body);
    expect(answered).toMatchObject({ status: 200, text: expect.stringContaining('fellow Americans') });
  });

  it('a job is begun, and deleted', async () => {
    const begun = await offering('POST', '/v1/jobs', { file_url: 'https://localhost/a.mp3' });
    expect(begun.status).toBe(202);
    const { id } = JSON.parse(begun.text) as { id: string };
    expect(await offering('DELETE', `/v1/jobs/${id}`)).toMatchObject({ status: 200 });
    expect(await offering('GET', `/v1/jobs/${id}`)).toMatchObject({ status: 404 });
  });

  it('on one connection as often as one likes, and a WebSocket for what is no GET, too', async () => {
    for (let round = 0; round < 20; round++) {
      expect(await offering('GET', '/healthz')).toMatchObject({ status: 200, text: '{"status":"ok"}' });
    }
    const socket = { connection: 'upgrade', upgrade: 'websocket' };
    expect(await offering('POST', '/v1/uploads', { size_bytes: 5 }, socket)).toMatchObject({ status: 201 });
    expect(server.log()).not.toContain('Warning');
  });

  it('a body that comes later, or in chunks, and a connection that is to be closed', async () => {
    const head = [
      'POST /v1/uploads HTTP/1.1',
      'Host: localhost',
      'Connection: close, Upgrade',
      'Upgrade: h2c, foo/2',
      'Content-Type: application/json',
      'Transfer-Encoding: chunked',
    ];
    const answer = await answerTo(...head, '', '7', '{"size_', '9', 'bytes":5}', '0', '', '');
    expect(answer).toMatch(/^HTTP\/1\.1 201 /);
  });
});

describe('a handshake that cannot be read', () => {
  const handshake = (target: string, host: string) =>
    answerTo(
      `GET ${target} HTTP/1.1`,
      `Host: ${host}`,
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      '',
      '',
    );

  it.each([
    ['/v1/realtime', '['],
    ['/v1/realtime', 'a b'],
    ['/v1/realtime', 'user:secret@localhost'],
    ['//[', 'localhost'],
    ['http://[/v1/realtime', 'localhost'],
  ])('is answered 400: %s of host %s', async (target, host) => {
    const answer = await handshake(target, host);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(JSON.parse(answer.split('\r\n\r\n')[1]!)).toMatchObject({ error: { code: 'invalid-argument' } });
    // Anybody may send such: it is no fault of the server
    expect(server.log()).not.toContain('upgrade:');
  });
});
