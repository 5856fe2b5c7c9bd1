import { hearSegments } from '@murmuration/pipeline/hearing/hear-segments';
import { insertWords } from '@murmuration/pipeline/hearing/insert-words';
import { unheardSpeech } from '@murmuration/pipeline/hearing/unheard-speech';
import type { Engine, Pcm, TranscriptCache } from '@murmuration/pipeline/ports';
import { heardLanguages } from '@murmuration/pipeline/transcripts/heard-languages';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { segmentOf } from './factories/transcript.ts';

const word = (text: string, startSeconds: number, endSeconds: number) => ({
  text: ` ${text}`,
  startSeconds,
  endSeconds,
  probability: 1,
});
const span = (startSeconds: number, endSeconds: number) => ({ startSeconds, endSeconds });

describe('speech that was not heard', () => {
  it('is where a voice is and no word, before, between and after them', () => {
    const words = [word('one', 2, 3), word('two', 6, 7)];
    const speech = [span(0.5, 3), span(4, 5.5), span(5.8, 9)];
    expect(unheardSpeech(words, speech)).toEqual([span(0.5, 2), span(4, 6), span(7, 9)]);
  });

  it('is not a short noise, nor a pause', () => {
    expect(
      unheardSpeech([word('one', 0.5, 1), word('two', 5, 6)], [span(0, 1.2), span(3, 3.5), span(4.9, 6.5)]),
    ).toEqual([]);
  });

  it('is all of it where no word was heard', () => {
    expect(unheardSpeech([], [span(1, 2), span(4, 5)])).toEqual([span(1, 5)]);
  });

  it('never touches a word', () => {
    const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 1, max: 200 })));
    const spans = steps.map((pairs) => {
      let now = 0;
      return pairs.map(([pause, length]) => {
        const from = now + pause;
        now = from + length;
        return span(from / 100, now / 100);
      });
    });
    fc.assert(
      fc.property(spans, spans, (said, speech) => {
        const words = said.map(({ startSeconds, endSeconds }) => word('x', startSeconds, endSeconds));
        for (const gap of unheardSpeech(words, speech)) {
          for (const { startSeconds, endSeconds } of words) {
            expect(endSeconds <= gap.startSeconds || startSeconds >= gap.endSeconds).toBe(true);
          }
        }
      }),
    );
  });
});

describe('words of a second look', () => {
  const texts = (words: { text: string }[]) => words.map((each) => each.text).join('');

  it('go into their gap', () => {
    const words = [word('one', 0, 1), word('four', 6, 7)];
    expect(texts(insertWords(words, [word('two', 2, 3), word('three', 3, 4)], span(1.5, 5)))).toBe(
      ' one two three four',
    );
  });

  it('leave out what they share with the words around, whatever its case and punctuation', () => {
    const words = [word('It is', 0, 0.5), word('normal.', 0.5, 1), word('And then', 6, 7)];
    expect(insertWords(words, [word('Normal', 0.8, 1.2)], span(1, 2))).toEqual(words);
    const found = [word('normal,', 0.8, 1.2), word('quite', 2, 3), word('and then', 5.5, 6.4)];
    expect(texts(insertWords(words, found, span(1, 6)))).toBe(' It is normal. quite And then');
  });

  it('never make time go back', () => {
    const all = insertWords(
      [word('one', 0, 2), word('four', 4, 5)],
      [word('two', 1.5, 3), word('three', 3, 4.4)],
      span(2, 4),
    );
    const times = all.flatMap(({ startSeconds, endSeconds }) => [startSeconds, endSeconds]);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });
});

/** Hears in each clip the one word its first sample stands for, in its middle. */
function engineOf(heard: readonly string[]): Engine & { runs: number[] } {
  const runs: number[] = [];
  return {
    modelId: 'fake',
    modelSha256: 'f'.repeat(64),
    timesWords: true,
    runs,
    async transcribe(pcms: readonly Pcm[]) {
      runs.push(pcms.length);
      return pcms.map((pcm) => {
        const text = heard[Math.round(pcm[0]! * 10)]!;
        const seconds = pcm.length / 16_000;
        const words = text === '' ? [] : [word(text, seconds / 2 - 0.1, seconds / 2 + 0.1)];
        return segmentOf({
          text: text && ` ${text}`,
          words,
          avgLogprob: -0.1,
          endSeconds: seconds,
          tokens: [],
        });
      });
    },
    async close() {},
  };
}
const clip = (first: number, rest = first) =>
  new Float32Array(160_000).fill(rest / 10).fill(first / 10, 0, 1);
const memory = (): TranscriptCache & { size: () => number } => {
  const kept = new Map();
  return {
    get: async (key) => kept.get(key),
    set: async (key, value) => void kept.set(key, value),
    size: () => kept.size,
  };
};

describe('hearing', () => {
  it('looks a second time where a voice was not heard', async () => {
    const engine = engineOf(['first', 'second']);
    const pcm = clip(0, 1);
    const ask = (speech: ReturnType<typeof span>[] | undefined) =>
      hearSegments([{ pcm, speech }], {}, heardLanguages(), { engine });
    expect((await ask(undefined)).transcripts[0]!.text).toBe(' first');
    expect((await ask([span(4.5, 5.5)])).transcripts[0]!.text).toBe(' first');
    const { transcripts } = await ask([span(4.5, 5.5), span(7, 9)]);
    expect(transcripts[0]!.text).toBe(' first second');
    expect(transcripts[0]!.words!.map(({ startSeconds }) => startSeconds > 6)).toEqual([false, true]);
  });

  it('takes nothing from a second look that has a fault, however sure it is', async () => {
    const plain = engineOf(['first', 'second']);
    const engine: Engine = {
      ...plain,
      async transcribe(pcms, options) {
        const heard = await plain.transcribe(pcms);
        const isSecondLook = options?.temperatures?.length === 1;
        return heard.map((segment) => ({
          ...segment,
          ...(isSecondLook && { fault: 'repetition' as const }),
        }));
      },
    };
    const segments = [{ pcm: clip(0, 1), speech: [span(4.5, 5.5), span(7, 9)] }];
    const { transcripts } = await hearSegments(segments, {}, heardLanguages(), { engine });
    expect(transcripts[0]!.text).toBe(' first');
  });

  it('times no words where nobody asked for them and the text is as long as the voice', async () => {
    const asked: unknown[] = [];
    const plain = engineOf(['first']);
    const engine: Engine = {
      ...plain,
      async transcribe(pcms, options) {
        asked.push(options?.words);
        const heard = await plain.transcribe(pcms);
        return heard.map(({ words, ...segment }) => ({
          ...segment,
          ...(options?.words ? { words } : {}),
          tokens: [1, 2, 3, 4, 5, 6],
        }));
      },
    };
    const ask = (endSeconds: number) =>
      hearSegments([{ pcm: clip(0), speech: [span(1, endSeconds)] }], {}, heardLanguages(), { engine });
    await ask(3.5);
    expect(asked).toEqual([false]);
    await ask(5);
    expect(asked.slice(0, 3)).toEqual([false, false, true]);
  });

  it('asks the engine only for what the cache has not', async () => {
    const engine = engineOf(['a', 'b', 'c']);
    const cache = memory();
    const hear = (...firsts: number[]) =>
      hearSegments(
        firsts.map((first) => ({ pcm: clip(first) })),
        {},
        heardLanguages(),
        { engine, cache },
      );
    const before = await hear(0, 1);
    const after = await hear(0, 2, 1);
    expect(after.cached).toBe(2);
    expect(after.transcripts.map(({ text }) => text)).toEqual([' a', ' c', ' b']);
    expect([after.transcripts[0], after.transcripts[2]]).toEqual(before.transcripts);
    expect(engine.runs).toEqual([2, 1]);
    expect(cache.size()).toBe(3);
  });
});
