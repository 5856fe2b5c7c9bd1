import { fillLines } from '@murmuration/pipeline/captions/break-lines';
import { buildCaptions } from '@murmuration/pipeline/captions/build-captions';
import { type Caption, defaultCaptionRules } from '@murmuration/pipeline/captions/caption';
import { endOf } from '@murmuration/pipeline/captions/sentence-end';
import type { Word } from '@murmuration/pipeline/contract/transcript';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { segmentOf, spoken, transcriptOf, wordsOf } from './factories/transcript.ts';

const textOf = (caption: Caption) => caption.lines.map((line) => line.text);
const rules = defaultCaptionRules;

const anyWord: fc.Arbitrary<Word> = fc.record({
  text: fc.oneof(
    fc.stringMatching(/^ [a-z]{1,12}[.,?!]?$/),
    fc.stringMatching(/^[一-十]$/u),
    fc.string({ minLength: 1, maxLength: 60 }),
  ),
  startSeconds: fc.double({ min: 0, max: 200, noNaN: true }),
  endSeconds: fc.double({ min: 0, max: 200, noNaN: true }),
  probability: fc.constant(0.5),
});

/** Words as an engine gives them: forwards, with pauses. */
const speech = fc
  .array(
    fc.record({
      text: fc.stringMatching(/^ [a-z]{1,12}[.,?!]?$/),
      length: fc.integer({ min: 20, max: 900 }),
      gap: fc.integer({ min: 0, max: 1500 }),
    }),
    { minLength: 1, maxLength: 120 },
  )
  .map((pieces) => {
    let clock = 0;
    return pieces.map(({ text, length, gap }): Word => {
      const start = clock + gap;
      clock = start + length;
      return { text, startSeconds: start / 1000, endSeconds: clock / 1000, probability: 0.5 };
    });
  });

describe('captions from any words', () => {
  it('hold every word once, in order, whole', () => {
    fc.assert(
      fc.property(fc.array(anyWord, { maxLength: 60 }), (words) => {
        const said = words
          .map((word) => word.text.replace(/\s+/gu, ' '))
          .filter((text) => text.trim() !== '');
        const shown = buildCaptions(spoken(words)).flatMap((caption) =>
          caption.lines.flatMap((line) => line.words.map((word) => word.text)),
        );
        expect(shown).toEqual(said);
      }),
    );
  });

  it('never run backwards, never overlap and never last nothing', () => {
    fc.assert(
      fc.property(fc.array(anyWord, { maxLength: 60 }), (words) => {
        let clock = 0;
        for (const caption of buildCaptions(spoken(words))) {
          expect(caption.startSeconds).toBeGreaterThanOrEqual(clock);
          expect(caption.endSeconds).toBeGreaterThan(caption.startSeconds);
          clock = caption.endSeconds;
        }
      }),
    );
  });
});

describe('captions from speech', () => {
  it('keep to the lines and seconds that the rules allow, and inside the recording', () => {
    fc.assert(
      fc.property(speech, (words) => {
        const transcript = spoken(words);
        const captions = buildCaptions(transcript);
        captions.forEach((caption, index) => {
          expect(caption.lines.length).toBeLessThanOrEqual(rules.maxLines);
          for (const line of caption.lines) {
            expect(line.text.length).toBeLessThanOrEqual(rules.maxLineCharacters);
            expect(line.text).toBe(
              line.words
                .map((word) => word.text)
                .join('')
                .trim(),
            );
          }
          const seconds = caption.endSeconds - caption.startSeconds;
          expect(seconds).toBeLessThanOrEqual(rules.maxSeconds + 1e-9);
          const room =
            (captions[index + 1]?.startSeconds ?? transcript.durationSeconds) - caption.startSeconds;
          expect(seconds).toBeGreaterThanOrEqual(Math.min(rules.minSeconds, room) - 1e-9);
        });
        expect(captions.at(-1)!.endSeconds).toBeLessThanOrEqual(transcript.durationSeconds + 1e-9);
      }),
    );
  });

  it('end at every long pause', () => {
    fc.assert(
      fc.property(speech, (words) => {
        for (const caption of buildCaptions(spoken(words))) {
          const inside = caption.lines.flatMap((line) => line.words);
          inside.slice(1).forEach((word, index) => {
            expect(word.startSeconds - inside[index]!.endSeconds).toBeLessThan(rules.pauseSeconds);
          });
        }
      }),
    );
  });

  it('end where sentences end', () => {
    const words = wordsOf(
      'The first sentence is this one here. The second one is a little longer than that.',
    );
    expect(buildCaptions(spoken(words)).map(textOf)).toEqual([
      ['The first sentence is this one here.'],
      ['The second one is a', 'little longer than that.'],
    ]);
  });

  it('prefer a comma to the fullest line', () => {
    const words = wordsOf(
      'When the long winter was over at last, the birds that had gone south came back to the old tower by the sea.',
    );
    expect(buildCaptions(spoken(words)).map(textOf)).toEqual([
      ['When the long winter was over at last,'],
      ['the birds that had gone south came', 'back to the old tower by the sea.'],
    ]);
  });

  it('hold a lone word until it can be read, if the next leaves room', () => {
    const words = [...wordsOf(' Yes.', 1), ...wordsOf(' And then nothing was said for long.', 6)];
    const [first] = buildCaptions(spoken(words));
    expect(first).toMatchObject({ startSeconds: 1, endSeconds: 2 });
  });

  it('give a word that is longer than a line a line of its own', () => {
    const long = ` ${'a'.repeat(60)}`;
    const captions = buildCaptions(spoken(wordsOf(`see${long} there.`)));
    expect(captions.flatMap(textOf)).toContain(long.trim());
  });

  it('break languages without spaces between words', () => {
    const words = [...'今日は天気がいいので公園へ行きました'.repeat(4)].map(
      (text, index): Word => ({
        text,
        startSeconds: index * 0.1,
        endSeconds: index * 0.1 + 0.1,
        probability: 1,
      }),
    );
    const captions = buildCaptions(spoken(words));
    expect(captions.flatMap(textOf).join('')).toBe(words.map((word) => word.text).join(''));
  });

  it('follow the rules they are given', () => {
    const words = wordsOf('one two three four five six seven eight nine ten');
    const captions = buildCaptions(spoken(words), { ...rules, maxLines: 1, maxLineCharacters: 12 });
    for (const caption of captions) expect(caption.lines).toHaveLength(1);
    expect(Math.max(...captions.flatMap(textOf).map((line) => line.length))).toBeLessThanOrEqual(12);
  });
});

describe('captions without words', () => {
  it('are one per segment, in lines', () => {
    const text = 'and so my fellow americans ask not what your country can do for you';
    const segments = [
      segmentOf({ text, startSeconds: 0, endSeconds: 8 }),
      segmentOf({ text: '', startSeconds: 8, endSeconds: 9 }),
      segmentOf({ text: ' ask what you can do', startSeconds: 9, endSeconds: 10, words: [] }),
    ];
    expect(buildCaptions(transcriptOf({ segments }))).toEqual([
      {
        startSeconds: 0,
        endSeconds: 8,
        text,
        lines: [
          { text: 'and so my fellow americans ask not', words: [] },
          { text: 'what your country can do for you', words: [] },
        ],
      },
      {
        startSeconds: 9,
        endSeconds: 10,
        text: 'ask what you can do',
        lines: [{ text: 'ask what you can do', words: [] }],
      },
    ]);
  });

  it('stand in order among segments that have words', () => {
    const segments = [
      segmentOf({ text: 'one', startSeconds: 0, endSeconds: 2, words: wordsOf('one', 0) }),
      segmentOf({ text: 'two', startSeconds: 2, endSeconds: 4 }),
      segmentOf({ text: 'three', startSeconds: 4, endSeconds: 6, words: wordsOf('three', 4) }),
    ];
    expect(buildCaptions(transcriptOf({ segments })).flatMap(textOf)).toEqual(['one', 'two', 'three']);
  });

  it('are none where nothing was said', () => {
    expect(buildCaptions(transcriptOf({ text: '', segments: [] }))).toEqual([]);
    expect(buildCaptions(transcriptOf({ text: '', segments: [segmentOf({ text: '' })] }))).toEqual([]);
  });
});

describe('the end of a sentence', () => {
  it.each([
    [' over.', ' Then', 'sentence'],
    [' over."', ' Then', 'sentence'],
    ['した。', '次', 'sentence'],
    [' Dr.', ' Who', 'none'],
    [' J.', ' S.', 'none'],
    [' p.m.', ' and', 'none'],
    [' well,', ' then', 'clause'],
    [' well', ' then', 'none'],
    [' Dr.', undefined, 'sentence'],
  ] as const)('after %j before %j is %s', (word, next, expected) => {
    expect(endOf(word, next)).toBe(expected);
  });
});

it('lines are filled with the least number of them', () => {
  expect(fillLines(wordsOf('aaa bbb ccc'), 7).map((line) => line.length)).toEqual([2, 1]);
});
