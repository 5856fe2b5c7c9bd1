import type { SegmentTranscript, Word } from '@murmuration/pipeline/contract/transcript';
import { type HeardSegment, mergeSegments } from '@murmuration/pipeline/merge/merge-segments';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { segmentOf, wordsOf } from './factories/transcript.ts';

const recording = { model: 'fake', decoding: {}, durationSeconds: 60 };
const textOf = (words: readonly Word[]) => words.map((word) => word.text).join('');
const wordsIn = (segments: readonly SegmentTranscript[]) =>
  segments.flatMap((segment) => segment.words ?? []);

function heard(words: Word[], fields: Partial<SegmentTranscript>, overlapSeconds = 0): HeardSegment {
  return { transcript: segmentOf({ text: textOf(words), words, ...fields }), overlapSeconds };
}

/** Words that stand where the numbers say: `at('so', 9.5, 9.8)`. */
const at = (text: string, startSeconds: number, endSeconds: number): Word => ({
  text: ` ${text}`,
  startSeconds,
  endSeconds,
  probability: 0.9,
});

/** A talk of words that all differ, cut into overlapping segments, each placing its words a little differently. */
const cutTalk = fc
  .record({
    words: fc.array(
      fc.record({
        length: fc.integer({ min: 80, max: 700 }),
        gap: fc.integer({ min: 0, max: 900 }),
        jitter: fc.integer({ min: -30, max: 30 }),
      }),
      { minLength: 1, maxLength: 80 },
    ),
    cuts: fc.array(
      fc.record({
        length: fc.integer({ min: 3000, max: 12_000 }),
        overlap: fc.oneof(fc.constant(0), fc.integer({ min: 300, max: 2500 })),
      }),
      { minLength: 1, maxLength: 8 },
    ),
    channel: fc.option(fc.integer({ min: 0, max: 1 }), { nil: undefined }),
  })
  .map(({ words, cuts, channel }) => {
    let clock = 0;
    const said = words.map(({ length, gap, jitter }, index) => {
      const start = clock + gap;
      clock = start + length;
      return { text: ` word${index}`, start, end: clock, middle: (start + clock) / 2, jitter };
    });
    let start = 0;
    const segments = cuts.map(({ length, overlap }, index): HeardSegment => {
      const from = index === 0 ? 0 : Math.max(0, start - overlap);
      // The last one hears the rest
      const to = index === cuts.length - 1 ? Math.max(clock, start + length) : start + length;
      start = to;
      const inside = said.filter(({ middle }) => from <= middle && middle < to);
      const placed = inside.map(({ text, start, end, jitter }) => ({
        text,
        startSeconds: Math.max(from, start + (index % 2 === 0 ? jitter : 0)) / 1000,
        endSeconds: Math.min(to, end + (index % 2 === 0 ? jitter : 0)) / 1000,
        probability: 0.9,
      }));
      const fields = {
        startSeconds: from / 1000,
        endSeconds: to / 1000,
        ...(channel === undefined ? {} : { channel }),
      };
      return heard(placed, fields, index === 0 ? 0 : overlap / 1000);
    });
    return { said: said.map(({ text }) => text), segments, durationSeconds: start / 1000 };
  });

describe('segments of any talk', () => {
  it('say each word once, in order', () => {
    fc.assert(
      fc.property(cutTalk, ({ said, segments, durationSeconds }) => {
        const merged = mergeSegments(segments, { ...recording, durationSeconds });
        expect(wordsIn(merged.segments).map((word) => word.text)).toEqual(said);
        const text = said.join('').trim();
        const channel = merged.segments[0]?.channel;
        expect(merged.text).toBe(
          channel === undefined || text === '' ? text : `Channel ${channel + 1}: ${text}`,
        );
        expect(
          merged.segments
            .map((segment) => segment.text.trim())
            .filter(Boolean)
            .join(' '),
        ).toBe(text);
      }),
      { numRuns: 300 },
    );
  });

  it('are the same bytes when merged again, in whatever order they came, and are left as they were', () => {
    fc.assert(
      fc.property(
        cutTalk.chain((talk) =>
          fc.record({
            talk: fc.constant(talk),
            shuffled: fc.shuffledSubarray(talk.segments, { minLength: talk.segments.length }),
          }),
        ),
        ({ talk: { segments }, shuffled }) => {
          const untouched = JSON.stringify(segments);
          const once = JSON.stringify(mergeSegments(segments, recording));
          expect(JSON.stringify(mergeSegments(segments, recording))).toBe(once);
          expect(JSON.stringify(mergeSegments(shuffled, recording))).toBe(once);
          expect(JSON.stringify(segments)).toBe(untouched);
        },
      ),
    );
  });

  const anySeconds = fc.double({ min: 0, max: 100, noNaN: true });
  const anyText = fc.oneof(
    fc.constantFrom(' no', ' so', ' yes.', ' --'),
    fc.string({ minLength: 1, maxLength: 8 }),
  );
  const anySegment = fc.record({
    startSeconds: anySeconds,
    endSeconds: anySeconds,
    channel: fc.integer({ min: 0, max: 2 }),
    words: fc.array(
      fc.record({
        text: anyText,
        startSeconds: anySeconds,
        endSeconds: anySeconds,
        probability: fc.constant(0.5),
      }),
      { maxLength: 12 },
    ),
    overlapSeconds: fc.double({ min: 0, max: 40, noNaN: true }),
  });

  it('never run backwards and stay inside the recording, however wrong their times are', () => {
    fc.assert(
      fc.property(fc.array(anySegment, { maxLength: 12 }), anySeconds, (all, durationSeconds) => {
        const given = all.map(({ overlapSeconds, ...fields }) => heard(fields.words, fields, overlapSeconds));
        const { segments } = mergeSegments(given, { ...recording, durationSeconds });
        let start = 0;
        for (const segment of segments) {
          expect(segment.startSeconds).toBeGreaterThanOrEqual(start);
          start = segment.startSeconds;
        }
        for (const channel of [0, 1, 2]) {
          let clock = 0;
          for (const segment of segments.filter((each) => each.channel === channel)) {
            for (const word of segment.words!) {
              expect(word.startSeconds).toBeGreaterThanOrEqual(clock);
              expect(word.endSeconds).toBeGreaterThanOrEqual(word.startSeconds);
              clock = word.endSeconds;
            }
            expect(segment.endSeconds).toBeGreaterThanOrEqual(Math.max(clock, segment.startSeconds));
            clock = segment.endSeconds;
          }
          expect(clock).toBeLessThanOrEqual(durationSeconds);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('in an overlap', () => {
  const merge = (before: Word[], after: Word[]) =>
    mergeSegments(
      [
        heard(before, { startSeconds: 0, endSeconds: 12 }),
        heard(after, { startSeconds: 10, endSeconds: 20 }, 2),
      ],
      recording,
    );

  it('each word is kept from the side that is further from its edge', () => {
    const { segments, text } = merge(
      [at('one', 9, 9.4), at('two', 10.2, 10.5), at('three', 11.5, 11.9)],
      [at('two', 10.21, 10.51), at('three', 11.51, 11.91), at('four', 12.3, 12.8)],
    );
    expect(text).toBe('one two three four');
    expect(segments.map(({ startSeconds, endSeconds, text }) => [startSeconds, endSeconds, text])).toEqual([
      [0, 11, ' one two'],
      [11, 20, ' three four'],
    ]);
    expect(wordsIn(segments).map((word) => word.startSeconds)).toEqual([9, 10.2, 11.51, 12.3]);
  });

  it('a word that a cut went through comes from the side that heard it whole', () => {
    expect(
      merge(
        [at('my', 10.6, 10.9), at('fell', 11.7, 12)],
        [at('y', 10, 10.1), at('my', 10.6, 10.9), at('fellow', 11.7, 12.2), at('americans', 12.3, 13)],
      ).text,
    ).toBe('y my fellow americans');
    expect(
      merge([at('so', 9.5, 9.8), at('forgotten', 9.8, 10.4)], [at('gotten', 10, 10.4), at('all', 10.6, 11)])
        .text,
    ).toBe('so forgotten all');
  });

  it('words that were heard differently are not said twice', () => {
    expect(
      merge(
        [at('over', 10.2, 10.5), at('there', 10.6, 10.9)],
        [at('over', 10.2, 10.5), at('their', 10.65, 10.95)],
      ).text,
    ).toBe('over there');
  });

  it('a word that one side missed stays', () => {
    expect(
      merge(
        [at('a', 10.1, 10.2), at('dog', 10.8, 11.1)],
        [at('a', 10.1, 10.2), at('big', 10.3, 10.7), at('dog', 10.8, 11.1)],
      ).text,
    ).toBe('a big dog');
    expect(merge([at('before', 9, 9.5)], [at('early', 10.1, 10.5), at('late', 11.2, 11.6)]).text).toBe(
      'before early late',
    );
  });

  it('a word that was really said twice stays so', () => {
    const very = [at('very', 9.6, 9.95), at('very', 10.1, 10.4), at('good', 10.5, 10.9)];
    expect(merge(very, very.slice(1)).text).toBe('very very good');
  });

  it('case and punctuation tell no words apart', () => {
    expect(merge([at('home.', 10.2, 10.7)], [at('Home,', 10.25, 10.7), at('then', 11, 11.3)]).text).toBe(
      'home. then',
    );
  });

  it('a silent side gives way', () => {
    const said = [at('hello', 10.2, 10.6)];
    expect(merge([], said).segments[1]).toMatchObject({ text: ' hello', startSeconds: 10 });
    expect(merge(said, []).segments[0]).toMatchObject({ text: ' hello', endSeconds: 12 });
  });
});

describe('in an overlap without word times', () => {
  const merge = (before: string, after: string, language = 'en') =>
    mergeSegments(
      [
        {
          transcript: segmentOf({ text: before, startSeconds: 0, endSeconds: 12, language }),
          overlapSeconds: 0,
        },
        {
          transcript: segmentOf({ text: after, startSeconds: 10, endSeconds: 20, language }),
          overlapSeconds: 2,
        },
      ],
      recording,
    ).text;

  it.each([
    [' and so my fellow Americans', ' My fellow Americans, ask not', 'and so my fellow Americans ask not'],
    [' and so my fell', ' my fellow Americans', 'and so my fellow Americans'],
    [' it was forgotten by', ' gotten by all', 'it was forgotten by all'],
    [' the end', ' of the beginning', 'the end of the beginning'],
    [
      ' so through windows of thy age shall',
      ' windows of thy nage shall see',
      'so through windows of thy age shall see',
    ],
    [' one red two', ' one blue two', 'one red two one blue two'],
    [' no', ' no', 'no'],
    ['', ' hello', 'hello'],
  ])('%j and %j are %j', (before, after, whole) => {
    expect(merge(before, after)).toBe(whole);
  });

  it('scripts without spaces are compared by character', () => {
    expect(merge('今日は天気がいい', '天気がいいので', 'ja')).toBe('今日は天気がいいので');
    expect(merge('行きました。', 'たのしい', 'ja')).toBe('行きました。たのしい');
  });
});

describe('channels', () => {
  it('are interleaved by time and never deduped against each other', () => {
    const segments = [
      heard(wordsOf(' hello there', 0), { startSeconds: 0, endSeconds: 5, channel: 0 }),
      heard(wordsOf(' how are you', 6), { startSeconds: 6, endSeconds: 9, channel: 0 }),
      heard(wordsOf(' hello there', 3), { startSeconds: 3, endSeconds: 7, channel: 1 }),
    ];
    const merged = mergeSegments(segments, recording);
    expect(merged.segments.map(({ channel, text }) => [channel, text])).toEqual([
      [0, ' hello there'],
      [1, ' hello there'],
      [0, ' how are you'],
    ]);
    expect(merged.text).toBe('Channel 1: hello there\nChannel 2: hello there\nChannel 1: how are you');
  });
});

describe('the transcript', () => {
  it('takes the language of most of its speech, and has no spaces where that writes none', () => {
    const segments = [
      { transcript: segmentOf({ text: 'はい。', language: 'ja', endSeconds: 10 }), overlapSeconds: 0 },
      {
        transcript: segmentOf({ text: '', language: 'de', startSeconds: 10, endSeconds: 30 }),
        overlapSeconds: 0,
      },
      {
        transcript: segmentOf({ text: 'はい。', language: 'ja', startSeconds: 30, endSeconds: 33 }),
        overlapSeconds: 0,
      },
    ];
    expect(mergeSegments(segments, recording)).toMatchObject({ language: 'ja', text: 'はい。はい。' });
    const translated = mergeSegments(segments, { ...recording, decoding: { task: 'translate' } });
    expect(translated).toMatchObject({ language: 'ja', text: 'はい。 はい。', task: 'translate' });
  });

  it('of nothing has the language that was asked for, else none', () => {
    expect(mergeSegments([], recording)).toEqual({
      model: 'fake',
      task: 'transcribe',
      language: 'und',
      durationSeconds: 60,
      text: '',
      segments: [],
    });
    expect(mergeSegments([], { ...recording, decoding: { language: 'fr' } }).language).toBe('fr');
  });
});
