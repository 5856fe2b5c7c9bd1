import { once } from 'node:events';
import { LiveMessage } from '@murmuration/api/contract/live-message';
import { toSixteenBit } from '@murmuration/pipeline/audio/sixteen-bit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { plainWords, recording, reference } from '../engine/recordings.ts';
import { type StartedServer, startServer } from './start-server.ts';

let server: StartedServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

function connect(query = '', headers = {}) {
  const address = `${server.url.replace('http', 'ws')}/v1/realtime${query}`;
  const socket = new WebSocket(address, ['murmuration'], { headers });
  const messages: LiveMessage[] = [];
  socket.on('message', (data) => messages.push(LiveMessage.parse(JSON.parse(String(data)))));
  const closed = once(socket, 'close') as Promise<[number, Buffer]>;
  return { socket, messages, closed };
}

/** The status with which a connection is refused. */
async function refusal(headers: Record<string, string>): Promise<number | undefined> {
  const { socket } = connect('', headers);
  socket.on('error', () => {});
  const [, response] = await once(socket, 'unexpected-response');
  return response.statusCode;
}

async function speak(name: string) {
  const stream = connect();
  await once(stream.socket, 'open');
  const bytes = toSixteenBit(await recording(name));
  for (let at = 0; at < bytes.length; at += 3200) stream.socket.send(bytes.subarray(at, at + 3200));
  stream.socket.send('{"kind":"end"}');
  const [code] = await stream.closed;
  return { messages: stream.messages, code };
}

describe('GET /v1/realtime', () => {
  it('turns speech into words while it is sent', async () => {
    const { messages, code } = await speak('librispeech-1995-1837-0001.wav');
    const final = messages.flatMap((message) => (message.kind === 'final' ? message.words : []));
    const text = final
      .map((word) => word.text)
      .join('')
      .trim();
    expect(messages.at(-1)).toEqual({ kind: 'done', durationSeconds: expect.closeTo(8.73, 0), text });
    const said = plainWords(reference('librispeech-1995-1837-0001.wav'));
    const missing = said.filter((word) => !plainWords(text).includes(word));
    expect(missing.length).toBeLessThanOrEqual(2);
    expect(messages.some(({ kind }) => kind === 'interim')).toBe(true);
    expect(code).toBe(1000);
  });

  it('takes audio as text, too, from clients that can send nothing else', async () => {
    const { socket, messages, closed } = connect();
    await once(socket, 'open');
    const bytes = Buffer.from(toSixteenBit(await recording('jfk.flac')));
    for (let at = 0, index = 0; at < bytes.length; at += 16_000, index += 1) {
      const audio = bytes.subarray(at, at + 16_000).toString('base64');
      socket.send(JSON.stringify({ kind: 'audio', index, audio }));
    }
    socket.send('{"kind":"end"}');
    expect((await closed)[0]).toBe(1000);
    expect(messages.at(-1)).toMatchObject({ kind: 'done', text: expect.stringMatching(/country/) });
  });

  it('serves several streams with one engine', async () => {
    const streams = await Promise.all(['jfk.flac', 'brooklyn-bridge.flac', 'jfk.flac'].map(speak));
    const texts = streams.map(({ messages }) => (messages.at(-1) as { text: string }).text);
    expect(texts[0]).toMatch(/country/);
    expect(texts[1]).toMatch(/Brooklyn Bridge/);
    expect(texts[2]).toMatch(/country/);
  });

  it('hears nothing in noise', async () => {
    const { messages } = await speak('noise.wav');
    expect(messages).toEqual([{ kind: 'done', durationSeconds: expect.any(Number), text: '' }]);
  });

  it.each([
    ['half a sample', Buffer.alloc(3), /half a sample/],
    ['an unknown command', '{"kind":"begin"}', /only text/],
    ['what is no JSON', 'hello', /only text/],
    ['what is no base64', '{"kind":"audio","audio":"?"}', /only text/],
  ])('says what is wrong with %s', async (_, frame, words) => {
    const { socket, messages, closed } = connect();
    await once(socket, 'open');
    socket.send(frame);
    expect((await closed)[0]).toBe(1008);
    expect(messages).toEqual([
      { kind: 'error', code: 'invalid-argument', message: expect.stringMatching(words) },
    ]);
  });

  it('names a language that it cannot read', async () => {
    const { messages, closed } = connect('?language=klingon');
    await closed;
    expect(messages).toMatchObject([{ kind: 'error', code: 'language-unknown' }]);
  });

  it('takes no frame that is huge', async () => {
    const { socket, closed } = connect();
    socket.on('error', () => {});
    await once(socket, 'open');
    socket.send(Buffer.alloc(2_000_000));
    expect((await closed)[0]).toBe(1009);
  });

  it('goes on when a client is gone in the middle of a word', async () => {
    const { socket } = connect();
    await once(socket, 'open');
    socket.send(toSixteenBit((await recording('jfk.flac')).subarray(0, 40_000)));
    socket.terminate();
    expect((await speak('brooklyn-bridge.flac')).code).toBe(1000);
  });

  it('refuses pages of other sites, and names that only lead here', async () => {
    expect(await refusal({ origin: 'https://evil.example' })).toBe(401);
    expect(await refusal({ host: 'evil.example' })).toBe(401);
  });

  it('asks plain HTTP for a WebSocket', async () => {
    const response = await fetch(`${server.url}/v1/realtime`);
    expect(response.status).toBe(426);
    expect(await response.json()).toMatchObject({ error: { code: 'upgrade-required' } });
  });
});
