import type { ListenerCall } from '@murmuration/api/contract/listener-call';
import {
  type ListenLimits,
  type ListenPorts,
  listenToSocket,
} from '@murmuration/api/realtime/listen-to-socket';
import { beforeEach, describe, expect, it } from 'vitest';
import { BYTES_PER_SECOND, openSpoken, spoken } from './factories/live-stream.ts';
import { memorySocketMessages, memorySocketReplies, memoryStreams } from './factories/socket-messages.ts';

const id = 'connection';
const key = { id: 'a', hash: '0'.repeat(64), owner: 'a', createdAt: '2026-01-01T00:00:00.000Z' };
const call: ListenerCall = {
  connectionId: id,
  stream: { key, requestId: 'req_1', settings: { language: 'auto', prompt: '' } },
  place: 0,
  from: { index: 0, skipBytes: 0, seconds: 0, text: '', bookedSeconds: 10, elapsedSeconds: 0 },
};
const limits = { idleSeconds: 30, longestSeconds: 100, handOverFromSeconds: 1e6, handOverBySeconds: 1e6 };

let messages: ReturnType<typeof memorySocketMessages>;
let replies: ReturnType<typeof memorySocketReplies>;
let streams: ReturnType<typeof memoryStreams>;
/** The portions that were booked, the last one as it was settled. */
let booked: number[];
let now: number;
beforeEach(async () => {
  messages = memorySocketMessages();
  replies = memorySocketReplies();
  streams = memoryStreams();
  await streams.open(key, 'req_1');
  booked = [];
  now = 0;
});

/** `onLook` is called before each look for messages but the first, with how many there were. */
function listen(
  {
    from = call.from,
    onLook = () => {},
    ...ports
  }: Partial<ListenPorts> & {
    from?: ListenerCall['from'];
    onLook?: (look: number) => unknown;
  } = {},
  changed: Partial<ListenLimits> = {},
) {
  let look = 0;
  return listenToSocket(
    { ...call, from },
    {
      messages,
      replies,
      openLive: openSpoken,
      streams,
      ledger: {
        spend: async (_, seconds, holder) => {
          expect(holder).toBe('req_1');
          booked.push(seconds);
          return true;
        },
        settle: async (holder, seconds) => {
          expect(holder).toBe('req_1');
          booked.push(seconds!);
        },
      },
      clock: () => now,
      wait: async () => {
        now += 100;
        look += 1;
        await onLook(look);
        if (look > 2000) throw new Error('it listens without end');
      },
      onError: (error) => {
        throw error;
      },
      ...ports,
    },
    { ...limits, ...changed },
  );
}

/** Messages of 0.25 s, and the end. */
function framesOf(numbers: readonly number[]) {
  const bytes = spoken(numbers);
  const size = BYTES_PER_SECOND / 4;
  const frames = Array.from({ length: bytes.length / size }, (_, index) => ({
    kind: 'audio' as const,
    index,
    audio: bytes.subarray(index * size, (index + 1) * size),
  }));
  return [...frames, { kind: 'end' as const, index: frames.length }];
}

const last = () => replies.posted.at(-1);
const finalWords = () =>
  replies.posted.flatMap((message) => {
    const { kind, words } = message as { kind: string; words: { text: string; startSeconds: number }[] };
    return kind === 'final' ? words.map(({ text, startSeconds }) => [Number(text), startSeconds]) : [];
  });

describe('a listener', () => {
  it('hears messages in their order, in whatever order they came', async () => {
    const frames = framesOf([11, 12, 13, 14]);
    for (const frame of [...frames].reverse()) await messages.put(id, frame);
    expect(await listen()).toBeUndefined();
    expect(last()).toEqual({ kind: 'done', durationSeconds: 4, text: '11 12 13 14' });
    expect(replies.closed).toEqual([id]);
    expect(booked).toEqual([4]);
    expect(streams.taken.size).toBe(0);
  });

  it('waits for one that is late, and hears none twice', async () => {
    const frames = framesOf([11, 12, 13, 14]);
    const late = frames.splice(5, 1)[0]!;
    for (const frame of frames) await messages.put(id, frame);
    await listen({
      onLook: async (look) => {
        if (look === 3) expect(finalWords()).toEqual([[11, 0]]);
        if (look === 5) await messages.put(id, late);
        if (look === 6) await messages.put(id, late);
      },
    });
    expect(finalWords()).toEqual([
      [11, 0],
      [12, 1],
      [13, 2],
      [14, 3],
    ]);
  });

  it('leaves a stream to the first who was called', async () => {
    for (const frame of framesOf([11])) await messages.put(id, frame);
    await Promise.all([listen(), listen()]);
    expect(finalWords()).toEqual([[11, 0]]);
  });

  it('stops when the client is gone, whoever says so', async () => {
    for (const frame of framesOf([11]).slice(0, -1)) await messages.put(id, frame);
    await messages.put(id, { kind: 'gone' });
    expect(await listen()).toBeUndefined();
    expect(replies.closed).toEqual([]);

    messages = memorySocketMessages();
    for (const frame of framesOf([11]).slice(0, -1)) await messages.put(id, frame);
    replies.isGone = true;
    expect(await listen()).toBeUndefined();
    expect(now).toBeLessThan(1000);
  });

  it('closes a connection on which nothing ever came', async () => {
    expect(await listen()).toBeUndefined();
    expect(replies).toMatchObject({ posted: [], closed: [id] });
    expect(now).toBeGreaterThan(30_000);
    // A function waited
    expect(booked[0]).toBeCloseTo(30.1);
    expect(streams.taken.size).toBe(0);
  });

  it('is paid for its time where little is said, until that is over', async () => {
    for (const frame of framesOf([11]).slice(0, -1)) await messages.put(id, frame);
    await listen({}, { paysTime: true });
    expect(last()).toMatchObject({ kind: 'error', message: 'a stream may have 100 s: begin another one' });
    expect(booked.slice(0, -1)).toEqual([20, 30, 40, 50, 60, 70, 80, 90, 100]);
    expect(booked.at(-1)).toBeCloseTo(100.1);
    expect(replies.closed).toEqual([id]);
  });

  it('is paid for its time before the first word, too', async () => {
    const [first, ...others] = framesOf([11]);
    await listen(
      {
        onLook: async (look) => {
          if (look === 50) await messages.put(id, first!);
          if (look === 60) for (const frame of others) await messages.put(id, frame);
        },
      },
      { paysTime: true },
    );
    expect(booked).toHaveLength(1);
    expect(booked[0]).toBeCloseTo(6, 0);
  });

  it('goes on counting where another one listened before', async () => {
    for (const frame of framesOf([11])) await messages.put(id, frame);
    await listen({ from: { ...call.from, elapsedSeconds: 50, bookedSeconds: 50 } }, { paysTime: true });
    expect(booked.at(-1)).toBeGreaterThanOrEqual(50);
    expect(booked.at(-1)).toBeLessThan(51);
  });

  it('ends within a minute where its key was revoked', async () => {
    for (const frame of framesOf([11]).slice(0, -1)) await messages.put(id, frame);
    let isGood = true;
    await listen({
      isGood: async () => isGood,
      onLook: (look) => {
        if (look === 400) isGood = false;
      },
    });
    expect(last()).toMatchObject({ kind: 'error', code: 'key-refused' });
    expect(replies.closed).toEqual([id]);
    expect(now).toBeGreaterThan(40_000);
    expect(now).toBeLessThan(100_000);
  });

  it('goes on where nobody can say whether its key is good', async () => {
    const frames = framesOf([11]);
    for (const frame of frames.slice(0, -1)) await messages.put(id, frame);
    const errors: unknown[] = [];
    await listen({
      isGood: () => Promise.reject(new Error('no table')),
      onLook: (look) => look === 350 && messages.put(id, frames.at(-1)!),
      onError: (error) => errors.push(error),
    });
    expect(last()).toMatchObject({ kind: 'done' });
    expect(errors).toHaveLength(1);
  });

  it('keeps its place among the streams of its key, twice a minute', async () => {
    const frames = framesOf([11]);
    for (const frame of frames.slice(0, -1)) await messages.put(id, frame);
    await listen({ onLook: (look) => look === 650 && messages.put(id, frames.at(-1)!) });
    expect(streams.kept).toBe(2);
    expect(streams.taken.size).toBe(0);
  });

  it('ends where the budget is spent', async () => {
    for (const frame of framesOf(Array(30).fill(11)).slice(0, -1)) await messages.put(id, frame);
    await listen({ ledger: { spend: async () => false, settle: async () => undefined } });
    expect(last()).toMatchObject({ kind: 'error', code: 'budget-spent' });
    expect(replies.closed).toEqual([id]);
  });

  it('closes when API Gateway fails', async () => {
    for (const frame of framesOf([11]).slice(0, -1)) await messages.put(id, frame);
    const errors: unknown[] = [];
    const post = () => Promise.reject(new Error('no gateway'));
    await listen({ replies: { ...replies, post }, onError: (error) => errors.push(error) });
    expect(errors).toHaveLength(1);
    expect(replies.closed).toEqual([id]);
  });
});

describe('a stream that is longer than a function may run', () => {
  const numbers = [11, 12, 13, 0, 15, 16, 0, 18, 19];
  const frames = framesOf(numbers);

  /** One listener after another, each for so many seconds; a message comes with each look. */
  async function handedOn(handOver: Partial<ListenLimits>, sending = frames) {
    let sent = 0;
    let from: ListenerCall['from'] | undefined = call.from;
    let listeners = 0;
    while (from !== undefined) {
      listeners += 1;
      const rest: ListenerCall | undefined = await listen(
        { from, onLook: () => sending[sent] && messages.put(id, sending[sent++]!) },
        handOver,
      );
      from = rest?.from;
    }
    return listeners;
  }

  it('goes on with another one after a pause, without losing or doubling a word', async () => {
    const listeners = await handedOn({ handOverFromSeconds: 1, handOverBySeconds: 60 });
    expect(listeners).toBeGreaterThan(1);
    expect(finalWords().map(([word]) => word)).toEqual([11, 12, 13, 15, 16, 18, 19]);
    expect(last()).toMatchObject({ kind: 'done', text: '11 12 13 15 16 18 19' });
    for (const [word, startSeconds] of finalWords()) {
      expect(Math.abs(startSeconds! - (word! - 11))).toBeLessThan(1);
    }
    expect(booked).toEqual([9]);
  });

  it('goes on in the middle of a sentence, where nobody pauses', async () => {
    const listeners = await handedOn({ handOverFromSeconds: 60, handOverBySeconds: 1.1 });
    expect(listeners).toBeGreaterThan(2);
    expect(finalWords().map(([word]) => word)).toEqual([11, 12, 13, 15, 16, 18, 19]);
    expect(finalWords().slice(0, 3)).toEqual([
      [11, 0],
      [12, 1],
      [13, 2],
    ]);
    expect(booked).toEqual([9]);
  });

  it('goes on through a silence that is longer than that', async () => {
    const quiet = framesOf([0, 0, 0, 0, 0, 0, 17, 0]);
    const listeners = await handedOn({ handOverFromSeconds: 60, handOverBySeconds: 1.1 }, quiet);
    expect(listeners).toBeGreaterThan(2);
    expect(last()).toMatchObject({ kind: 'done', text: '17' });
  });

  it('tells the end of a text that no message could hold, and says so', async () => {
    const said = 'words '.repeat(30_000).trim();
    for (const frame of framesOf([11]).slice(0, -1)) await messages.put(id, frame);
    const from = { ...call.from, text: said };
    const rest = await listen({ from }, { handOverFromSeconds: 0, handOverBySeconds: 0 });
    expect(rest?.from.isCut).toBe(true);
    expect(Buffer.byteLength(JSON.stringify(rest))).toBeLessThan(131_072);
    messages = memorySocketMessages();
    for (const frame of framesOf([11, 12, 13, 14])) await messages.put(id, frame);
    await listen({ from: { ...rest!.from, index: 0, skipBytes: 0, seconds: 0 } });
    expect(last()).toMatchObject({
      kind: 'done',
      isCut: true,
      text: expect.stringMatching(/ 11 12 13 14$/),
    });
    expect(Buffer.byteLength(JSON.stringify(last()))).toBeLessThan(131_072);
  });
});
