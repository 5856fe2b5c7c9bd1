import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { LiveMessage } from '@murmuration/api/contract/live-message';
import { toSixteenBit } from '@murmuration/pipeline/audio/sixteen-bit';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { recording } from '../engine/recordings.ts';
import { budgetLeft } from './call-api.ts';
import { createApiKey, revokeApiKey } from './create-api-key.ts';
import { outputs, twin } from './kit.ts';

const [apiId] = new URL(outputs.realtimeUrl).host.split('.');
const address = `${twin.endpoint.replace('http', 'ws')}/_aws/execute-api/${apiId}/v1`;
/** Of s16le. */
const BYTES_PER_MILLISECOND = 32;
const FRAME_MILLISECONDS = 250;

interface Told {
  readonly message: LiveMessage;
  /** Since the first sample was sent. */
  readonly atSeconds: number;
}

/** Speaks as fast as people do, as base64 in texts, and answers all that was told. */
async function speak(key: string, bytes: Uint8Array): Promise<Told[]> {
  const socket = new WebSocket(address, { headers: { authorization: `Bearer ${key}` } });
  const closed = once(socket, 'close');
  const told: Told[] = [];
  let startedAt = performance.now();
  socket.on('message', (data) => {
    const atSeconds = (performance.now() - startedAt) / 1000;
    told.push({ message: LiveMessage.parse(JSON.parse(String(data))), atSeconds });
  });
  await once(socket, 'open');
  startedAt = performance.now();
  const size = FRAME_MILLISECONDS * BYTES_PER_MILLISECOND;
  let index = 0;
  for (let start = 0; start < bytes.length && socket.readyState === socket.OPEN; start += size, index += 1) {
    const audio = Buffer.from(bytes.subarray(start, start + size)).toString('base64');
    // A frame is sent when its last sample was said
    await wait(startedAt + (index + 1) * FRAME_MILLISECONDS - performance.now());
    socket.send(JSON.stringify({ kind: 'audio', index, audio }));
  }
  if (socket.readyState === socket.OPEN) socket.send(JSON.stringify({ kind: 'end', index }));
  await closed;
  return told;
}

/** What a client is told that is not let in. */
async function refused(key: string): Promise<string> {
  const socket = new WebSocket(address, { headers: { authorization: `Bearer ${key}` } });
  const [error] = await once(socket, 'error').catch((problem) => [problem]);
  return String(error);
}

/** When so many words were first told, final or not. */
function shownAt(told: readonly Told[], index: number): number {
  let final = 0;
  for (const { message, atSeconds } of told) {
    if (message.kind === 'final') final += message.words.length;
    if (final + (message.kind === 'interim' ? message.words.length : 0) > index) return atSeconds;
  }
  return Number.NaN;
}

const median = (values: readonly number[]) =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!.toFixed(2);

describe('live transcription on AWS', () => {
  it('tells words while they are spoken, then the text', async () => {
    const bytes = toSixteenBit(await recording('jfk.flac'));
    const told = await speak(await createApiKey(), bytes);
    const { message, atSeconds } = told.at(-1)!;
    expect(message).toMatchObject({
      kind: 'done',
      text: expect.stringMatching(/what you can do for your country/i),
    });
    const words = told.flatMap((one) =>
      one.message.kind === 'final' ? one.message.words.map((word) => ({ ...word, at: one.atSeconds })) : [],
    );
    const text = words.map((word) => word.text).join('');
    expect(message).toMatchObject({ text: text.trim() });
    // What was final before the speaker had ended
    expect(words.filter(({ at }) => at < bytes.length / 32_000).length).toBeGreaterThan(3);
    const seconds = bytes.length / 32_000;
    const shown = words.map((_, index) => shownAt(told, index));
    console.log(
      `a word is shown ${median(words.map(({ endSeconds }, index) => shown[index]! - endSeconds))} s after it was said, final after ${median(words.map(({ at, endSeconds }) => at - endSeconds))} s (medians); all is final ${(atSeconds - seconds).toFixed(2)} s after the end`,
    );
  });

  it('lets in nobody without a key', async () => {
    expect(await refused('sk-unknown')).toMatch(/40[13]/);
  });

  it('says what is wrong, and when the budget is spent', async () => {
    const broken = await speak(await createApiKey(), Buffer.alloc(1));
    expect(broken.at(-1)!.message).toMatchObject({ kind: 'error', code: 'invalid-argument' });
    const spent = await speak(await createApiKey({ budgetSeconds: 15 }), Buffer.alloc(12 * 32_000));
    expect(spent.at(-1)!.message).toMatchObject({ kind: 'error', code: 'budget-spent' });
  });

  it('begins no stream that the budget does not pay, and no more than a key may have', async () => {
    expect(await refused(await createApiKey({ budgetSeconds: 5 }))).toMatch(/40[13]|429/);
    const key = await createApiKey({ streamsAtOnce: 1, budgetSeconds: 100 });
    const socket = new WebSocket(address, { headers: { authorization: `Bearer ${key}` } });
    await once(socket, 'open');
    expect(await refused(key)).toMatch(/40[13]|429/);
    // Long enough for a listener to begin, and then to wait a while
    await wait(10_000);
    socket.send(JSON.stringify({ kind: 'audio', index: 0, audio: Buffer.alloc(8000).toString('base64') }));
    socket.send(JSON.stringify({ kind: 'end', index: 1 }));
    await once(socket, 'close');
    // Its place is free again, and what it took is booked: its time, for it had but 0.25 s
    while (Number.isInteger((await budgetLeft(key)) / 10)) await wait(200);
    expect(await budgetLeft(key)).toBeLessThan(99);
    const last = await speak(key, Buffer.alloc(8000));
    expect(last.at(-1)!.message).toMatchObject({ kind: 'done' });
  });

  it('closes a connection that sends one index twice, and ends streams of a key that is revoked', async () => {
    const key = await createApiKey();
    const told: string[] = [];
    const socket = new WebSocket(address, { headers: { authorization: `Bearer ${key}` } });
    socket.on('message', (data) => told.push(String(data)));
    await once(socket, 'open');
    const audio = Buffer.alloc(8000).toString('base64');
    for (let time = 0; time < 2; time++) socket.send(JSON.stringify({ kind: 'aud', index: 0, audio }));
    await once(socket, 'close');
    expect(JSON.parse(told.at(-1)!)).toMatchObject({ kind: 'error', code: 'invalid-argument' });

    const speaking = speak(key, Buffer.alloc(80 * 32_000));
    await wait(1000);
    await revokeApiKey(key);
    expect((await speaking).at(-1)!.message).toMatchObject({ kind: 'error', code: 'key-refused' });
  });
});
