import type { ListenerCall } from '@murmuration/api/contract/listener-call';
import type { LiveMessage } from '@murmuration/api/contract/live-message';
import { type ListenLimits, listenToSocket } from '@murmuration/api/realtime/listen-to-socket';
import type { OpenLive } from '@murmuration/api/realtime/live-port';
import type { VoiceDetector } from '@murmuration/media/voice/voice';
import { createVoiceDetector } from '@murmuration/media/voice/voice-detector';
import { toSixteenBit } from '@murmuration/pipeline/audio/sixteen-bit';
import { liveSixteenBit } from '@murmuration/pipeline/live/live-sixteen-bit';
import { createEngine } from '@murmuration/whisper/engine';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  memorySocketMessages,
  memorySocketReplies,
  memoryStreams,
} from '../unit/factories/socket-messages.ts';
import { plainWords, recording, tinyModel } from './recordings.ts';

const SILENCE = new Float32Array(16_000);
const stream = {
  key: { id: 'a', hash: '0'.repeat(64), owner: 'a', createdAt: '2026-01-01T00:00:00.000Z' },
  requestId: 'req_1',
  settings: { language: 'auto', prompt: '' },
};

let engine: Awaited<ReturnType<typeof createEngine>>;
let voice: VoiceDetector;
let bytes: Buffer;
beforeAll(async () => {
  [engine, voice] = await Promise.all([createEngine({ modelFolder: tinyModel }), createVoiceDetector()]);
  const spoken = [];
  for (const name of ['jfk.flac', 'librispeech-1995-1837-0001.wav']) {
    spoken.push(toSixteenBit(await recording(name)), toSixteenBit(SILENCE));
  }
  bytes = Buffer.concat(spoken);
});
afterAll(async () => {
  await engine.close();
  await voice.close();
});

const openLive: OpenLive = (_, onEvent) =>
  liveSixteenBit({ engine, voice: voice.listen(4) }, onEvent, { language: 'en' });

/** Hears the recordings by one listener after another, in messages of 0.25 s, and answers what a client was told. */
async function heard(handOver: Pick<ListenLimits, 'handOverFromSeconds' | 'handOverBySeconds'>) {
  const messages = memorySocketMessages();
  const replies = memorySocketReplies();
  const count = Math.ceil(bytes.length / 8000);
  for (let index = 0; index < count; index++) {
    const audio = bytes.subarray(index * 8000, (index + 1) * 8000);
    await messages.put('c', { kind: 'audio', index, audio });
  }
  await messages.put('c', { kind: 'end', index: count });
  const ports = {
    messages,
    replies,
    openLive,
    streams: memoryStreams(),
    ledger: { spend: async () => true, settle: async () => undefined },
    onError: (error: unknown) => {
      throw error;
    },
  };
  let call: ListenerCall | undefined = {
    connectionId: 'c',
    stream,
    place: 0,
    from: { index: 0, skipBytes: 0, seconds: 0, text: '', bookedSeconds: 0, elapsedSeconds: 0 },
  };
  let listeners = 0;
  while (call !== undefined) {
    listeners += 1;
    // By what was heard, for machines are busy at times
    const heardBefore = replies.posted.length;
    const clock = () => (replies.posted.length - heardBefore) * 1000;
    const wait = () => new Promise((resolve) => setTimeout(resolve, 5));
    call = await listenToSocket(
      call,
      { ...ports, clock, wait },
      { idleSeconds: 60, longestSeconds: 3600, ...handOver },
    );
  }
  const told = replies.posted as LiveMessage[];
  const words = told.flatMap((message) => (message.kind === 'final' ? message.words : []));
  return { listeners, words, last: told.at(-1)! };
}

const textOf = (words: readonly { readonly text: string }[]) =>
  words
    .map(({ text }) => text)
    .join('')
    .trim();

/** Words of one text that the other has not, counted. */
function missing(from: readonly string[], other: readonly string[]): number {
  const left = [...other];
  return from.filter((word) => {
    const at = left.indexOf(word);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  }).length;
}

describe('a stream that one listener hands to another', () => {
  let alone: Awaited<ReturnType<typeof heard>>;
  const never = { handOverFromSeconds: 1e9, handOverBySeconds: 1e9 };
  beforeAll(async () => {
    alone = await heard(never);
  });

  it.each([
    ['where somebody pauses', { ...never, handOverFromSeconds: 0 }],
    ['in the middle of a sentence', { ...never, handOverBySeconds: 12 }],
  ])('%s has the words that one alone hears, each once and in time', async (_, handOver) => {
    const handed = await heard(handOver);
    expect(handed.listeners).toBeGreaterThan(1);
    expect(handed.last).toEqual({
      kind: 'done',
      durationSeconds: expect.closeTo(bytes.length / 32_000, 1),
      text: textOf(handed.words),
    });
    // A hypothesis that begins elsewhere spells a word differently at times
    const [whole, parts] = [alone, handed].map(({ words }) => plainWords(textOf(words)));
    expect(missing(whole!, parts!)).toBeLessThanOrEqual(2);
    expect(missing(parts!, whole!)).toBeLessThanOrEqual(2);
    const ends = handed.words.map(({ endSeconds }) => endSeconds);
    expect(ends).toEqual([...ends].sort((a, b) => a - b));
    const last = (words: typeof handed.words) => words.at(-1)!.endSeconds;
    expect(Math.abs(last(handed.words) - last(alone.words))).toBeLessThan(0.5);
  });
});
