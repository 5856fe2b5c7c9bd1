import { LiveEvent } from '@murmuration/pipeline/contract/live-event';
import type { SegmentTranscript, Word } from '@murmuration/pipeline/contract/transcript';
import { MurmurationError } from '@murmuration/pipeline/errors';
import { confirmWords, noWords } from '@murmuration/pipeline/live/confirm-words';
import { findTurn } from '@murmuration/pipeline/live/find-turn';
import { liveTranscriber } from '@murmuration/pipeline/live/live-transcriber';
import { skipSaid } from '@murmuration/pipeline/live/skip-said';
import { trimPoint } from '@murmuration/pipeline/live/trim-point';
import { type Pcm, SAMPLE_RATE_HERTZ } from '@murmuration/pipeline/ports';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { segmentOf } from './factories/transcript.ts';

const word = (text: string, startSeconds: number, endSeconds = startSeconds + 0.3): Word => ({
  text: ` ${text}`,
  startSeconds,
  endSeconds,
  probability: 0.9,
});
const textOf = (words: readonly Word[]) =>
  words
    .map(({ text }) => text)
    .join('')
    .trim();

describe('local agreement', () => {
  const words = [word('ask', 1), word('not', 1.4), word('what', 1.8)];

  it('makes nothing final that was heard once', () => {
    expect(confirmWords(noWords, words, false).final).toEqual([]);
  });

  it('makes final what two hypotheses begin with, but for the last word', () => {
    const first = confirmWords(noWords, words, false);
    const second = confirmWords(
      first.words,
      [...words.slice(0, 2), word('watt', 1.8), word('is', 2.2)],
      false,
    );
    expect(textOf(second.final)).toBe('ask not');
    expect(textOf(second.words.interim)).toBe('watt is');
    const same = confirmWords(first.words, words, false);
    expect(textOf(same.final)).toBe('ask not');
  });

  it('takes spelling and punctuation from the later one', () => {
    const first = confirmWords(noWords, [word('Ask.', 1), word('not', 1.4)], false);
    expect(textOf(confirmWords(first.words, [word('ask', 1), word('not', 1.4)], false).final)).toBe('ask');
  });

  it('makes all words final at a pause', () => {
    expect(textOf(confirmWords(noWords, words, true).final)).toBe('ask not what');
  });
});

describe('words that are final already', () => {
  it.each([
    ['the same words again', ['ask', 'not', 'what', 'your'], 'your'],
    ['another spelling of the last', ['ask', 'not', 'watt', 'your'], 'your'],
    ['the first one cut off', ['not', 'what', 'your'], 'your'],
    ['a repeated word', ['ask', 'not', 'what', 'what', 'your'], 'what your'],
  ])('are skipped: %s', (_, heard, rest) => {
    const said = [word('ask', 1), word('not', 1.4), word('what', 1.8)];
    const from = heard.length === 3 ? 1.4 : 1;
    const hypothesis = heard.map((text, index) => word(text, from + index * 0.4));
    expect(textOf(skipSaid(hypothesis, said))).toBe(rest);
  });
});

describe('a good place to forget audio', () => {
  const said = [word('Ask', 1), word('not.', 3), word('What', 4, 4.9), word('your', 5)];

  it('is after a final sentence', () => {
    expect(trimPoint({ said, interim: [word('country', 5.4)], finalSeconds: 5.3 }, 0, 7)).toBeCloseTo(3.65);
  });

  it('is nowhere while there is little audio', () => {
    expect(trimPoint({ said, interim: [word('country', 5.4)], finalSeconds: 5.3 }, 0, 5)).toBeUndefined();
  });

  it('is before the last two final words, where nobody pauses for long', () => {
    const run = Array.from({ length: 40 }, (_, index) => word('on', index * 0.4, index * 0.4 + 0.4));
    const words = { said: run, interim: [word('and', 16)], finalSeconds: 16 };
    expect(trimPoint(words, 0, 10)).toBeUndefined();
    expect(trimPoint(words, 0, 16)).toBeCloseTo(15.2);
  });
});

describe('a turn', () => {
  it('begins with a voice and ends with the pause after it', () => {
    const probabilities = [0.1, 0.1, 0.9, 0.4, 0.1, 0.9, 0.1, 0.4, 0.1, 0.9];
    expect(findTurn(probabilities, 3)).toEqual({ voiced: 2, firstVoiced: 2, end: 9 });
    expect(findTurn(probabilities, 4)).toEqual({ voiced: 3, firstVoiced: 2, end: undefined });
    expect(findTurn([0.1, 0.2], 1)).toEqual({ voiced: 0, firstVoiced: undefined, end: undefined });
  });
});

/**
 * A speaker whose n-th word is a tone of its own: an engine that reads `script` hears exactly the words of which it has
 * most, places them with an error, and now and then mishears what is cut off.
 */
interface Speech {
  readonly words: readonly Word[];
  readonly pcm: Pcm;
}

const speeches = fc
  .array(
    fc.record({
      letter: fc.constantFrom('a', 'b', 'c'),
      seconds: fc.integer({ min: 15, max: 50 }).map((hundredths) => hundredths / 100),
      gap: fc.oneof({ weight: 8, arbitrary: fc.constantFrom(0, 0.05, 0.2) }, fc.constantFrom(0.4, 1, 2.5)),
      mark: fc.constantFrom('', '', '', '', ',', '.'),
    }),
    { minLength: 1, maxLength: 90 },
  )
  .map((spoken): Speech => {
    let at = 0.2;
    const words = spoken.map(({ letter, seconds, gap, mark }, index) => {
      const placed = word(`${letter}${index % 7}${mark}`, at, at + seconds);
      at += seconds + gap;
      return placed;
    });
    const pcm = new Float32Array(Math.ceil((at + 0.3) * SAMPLE_RATE_HERTZ));
    // The number of a word as its level; float32 holds it exactly
    for (const [index, { startSeconds, endSeconds }] of words.entries()) {
      pcm.fill((index + 1) / 1024, startSeconds * SAMPLE_RATE_HERTZ, endSeconds * SAMPLE_RATE_HERTZ);
    }
    return { words, pcm };
  });

/** Samples that are looked at: one in a millisecond. */
const STRIDE = 16;

function listen({ words }: Speech, jitterSeconds: number, wobble: () => number) {
  return {
    transcribe: async ([pcm]: readonly Pcm[]): Promise<SegmentTranscript[]> => {
      const counts = new Map<number, { first: number; samples: number }>();
      for (let at = 0; at < pcm!.length; at += STRIDE) {
        const level = pcm![at]!;
        if (level === 0) continue;
        const index = Math.round(level * 1024) - 1;
        const count = counts.get(index) ?? { first: at, samples: 0 };
        counts.set(index, { ...count, samples: count.samples + STRIDE });
      }
      const heard = [...counts].flatMap(([index, { first, samples }]) => {
        const whole = words[index]!;
        const share = samples / ((whole.endSeconds - whole.startSeconds) * SAMPLE_RATE_HERTZ);
        if (share < 0.5) return [];
        const shift = (wobble() - 0.5) * 2 * jitterSeconds;
        const startSeconds = Math.max(0, first / SAMPLE_RATE_HERTZ + shift);
        const text = share < 0.9 && wobble() < 0.5 ? ' mumble' : whole.text;
        return [{ ...whole, text, startSeconds, endSeconds: startSeconds + samples / SAMPLE_RATE_HERTZ }];
      });
      return [segmentOf({ text: textOf(heard), words: heard })];
    },
  };
}

const voice = () => {
  let filled = 0;
  let voiced = 0;
  return {
    push: async (block: Pcm) => {
      const probabilities: number[] = [];
      for (const level of block) {
        filled += 1;
        if (level > 0) voiced += 1;
        if (filled < 512) continue;
        probabilities.push(voiced > 128 ? 0.9 : 0.05);
        filled = 0;
        voiced = 0;
      }
      return probabilities;
    },
  };
};

async function eventsOf(speech: Speech, blocks: () => number, wobble: () => number) {
  const events: LiveEvent[] = [];
  const ports = { engine: listen(speech, 0.04, wobble), voice: voice() };
  const live = liveTranscriber(ports, (event) => events.push(LiveEvent.parse(event)));
  for (let at = 0; at < speech.pcm.length; ) {
    const end = at + Math.max(1, Math.round(blocks() * 6_000));
    live.push(speech.pcm.subarray(at, end));
    at = end;
    while (live.waitingSeconds > 0.5) await new Promise((resolve) => setImmediate(resolve));
  }
  live.end();
  await live.finished;
  return events;
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

describe('live transcription', () => {
  it('says every word once, in order and in time, and takes nothing back', async () => {
    await fc.assert(
      fc.asyncProperty(speeches, fc.integer(), async (speech, seed) => {
        const random = numbers(seed);
        const events = await eventsOf(speech, random, random);
        const final = events.flatMap((event) => (event.kind === 'final' ? event.words : []));
        const plain = (words: readonly Word[]) => textOf(words).replaceAll(/[.,]/g, '');
        expect(plain(final)).toBe(plain(speech.words));
        let clock = 0;
        for (const { startSeconds, endSeconds } of final) {
          expect(startSeconds).toBeGreaterThanOrEqual(clock);
          expect(endSeconds).toBeGreaterThanOrEqual(startSeconds);
          clock = endSeconds;
        }
        const done = events.at(-1)!;
        expect(done).toEqual({
          kind: 'done',
          durationSeconds: speech.pcm.length / SAMPLE_RATE_HERTZ,
          text: textOf(final),
        });
        expect(events.filter(({ kind }) => kind === 'done')).toHaveLength(1);
        const lastInterim = events.findLast((event) => event.kind === 'interim');
        expect(lastInterim?.words ?? []).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  it('hears nothing where nobody speaks', async () => {
    const engine = {
      transcribe: () => Promise.reject(new Error('nobody spoke')),
    };
    const events: LiveEvent[] = [];
    const live = liveTranscriber({ engine, voice: voice() }, (event) => events.push(event));
    for (let second = 0; second < 90; second += 1) live.push(new Float32Array(SAMPLE_RATE_HERTZ));
    while (live.waitingSeconds > 0) await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(live.openSeconds).toBeCloseTo(89.7);
    live.end();
    await live.finished;
    expect(events).toEqual([{ kind: 'done', durationSeconds: 90, text: '' }]);
  });

  it('ends without an event when it is stopped', async () => {
    const events: LiveEvent[] = [];
    const engine = {
      transcribe: (_: unknown, __: unknown, signal?: AbortSignal) =>
        new Promise<never>((_resolve, reject) => {
          signal!.addEventListener('abort', () => reject(new MurmurationError('aborted', 'stopped')));
        }),
    };
    const live = liveTranscriber({ engine, voice: voice() }, (event) => events.push(event));
    live.push(new Float32Array(SAMPLE_RATE_HERTZ).fill(0.5));
    await new Promise((resolve) => setTimeout(resolve, 20));
    live.stop();
    await live.finished;
    expect(events).toEqual([]);
  });

  it('tells what the engine could not do', async () => {
    const engine = { transcribe: () => Promise.reject(new MurmurationError('out-of-memory', 'no memory')) };
    const live = liveTranscriber({ engine, voice: voice() }, () => {});
    live.push(new Float32Array(SAMPLE_RATE_HERTZ).fill(0.5));
    await expect(live.finished).rejects.toMatchObject({ code: 'out-of-memory' });
  });
});
