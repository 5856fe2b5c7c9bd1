import { buildCaptions } from '@murmuration/pipeline/captions/build-captions';
import type { CaptionRules } from '@murmuration/pipeline/captions/caption';
import type { SegmentTranscript, Transcript } from '@murmuration/pipeline/contract/transcript';
import { formats } from '@murmuration/pipeline/formats/formats';
import { toVerboseTranscription } from '@murmuration/pipeline/formats/verbose-json';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { segmentOf, spoken, transcriptOf, wordsOf } from './factories/transcript.ts';
import { parseSrt } from './parsers/parse-srt.ts';
import { parseTsv } from './parsers/parse-tsv.ts';
import { parseVtt } from './parsers/parse-vtt.ts';

/** Text that would break a writer who does not look: each format's own marks, line ends of all kinds, unpaired things. */
const hostileText = fc.oneof(
  fc.constantFrom(
    ' -->',
    ' --->',
    '-->',
    ' <i>',
    '</c>',
    ' <v Bob>',
    '<00:00:01.000>',
    ' &',
    ' &amp;',
    '&lt',
    '\n',
    '\r\n\r\n',
    '\n\n2\n00:00:01,000 --> 00:00:02,000\nhello',
    '\n\nNOTE hello\n\n',
    '\uFEFF',
    '\uFEFFhello',
    '\u2028',
    '\u0085',
    '\0',
    '\t',
    ' WEBVTT',
    ' 1',
    ' {\\an8}',
    '\u200B',
    'مرحبا',
    ' 👩‍👩‍👧',
  ),
  fc.string({ minLength: 1, maxLength: 20 }),
  fc.string({ minLength: 1, maxLength: 20, unit: 'binary' }),
);

const anyWord = fc.record({
  text: hostileText,
  startSeconds: fc.double({ min: 0, max: 400_000, noNaN: true }),
  endSeconds: fc.double({ min: 0, max: 400_000, noNaN: true }),
  probability: fc.constant(0.5),
});

const anySegment: fc.Arbitrary<SegmentTranscript> = fc
  .record({
    text: fc.array(hostileText, { maxLength: 30 }).map((texts) => texts.join('')),
    startSeconds: fc.double({ min: 0, max: 400_000, noNaN: true }),
    seconds: fc.double({ min: 0, max: 30, noNaN: true }),
    words: fc.option(fc.array(anyWord, { maxLength: 20 }), { nil: undefined }),
  })
  .map(({ text, startSeconds, seconds, words }) =>
    segmentOf({ text, startSeconds, endSeconds: startSeconds + seconds, ...(words && { words }) }),
  );

const anyTranscript: fc.Arbitrary<Transcript> = fc
  .record({
    segments: fc.array(anySegment, { maxLength: 6 }),
    channels: fc.option(fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 6, maxLength: 6 })),
  })
  .map(({ segments, channels }) =>
    transcriptOf({
      durationSeconds: 400_030,
      segments: segments
        .sort((a, b) => a.startSeconds - b.startSeconds)
        .map((segment, index) => ({ ...segment, ...(channels && { channel: channels[index]! }) })),
    }),
  );

/** What every format shows of a transcript, before it is written. */
const shown = (transcript: Transcript, rules: Partial<CaptionRules> = {}) =>
  buildCaptions(transcript, rules).map(({ startSeconds, endSeconds, lines, text, channel }) => ({
    times: { startSeconds, endSeconds },
    lines: lines.map((line) => line.text),
    text,
    label: channel === undefined ? undefined : `Channel ${channel + 1}`,
  }));

describe('any text, read back, has the same words at the same milliseconds:', () => {
  it('srt, but for the dashes of its arrows', () => {
    fc.assert(
      fc.property(anyTranscript, (transcript) => {
        const labelOf = (channel: number) => `Channel ${channel + 1}: `;
        const expected = shown(transcript, { labelOf }).map(({ times, lines, label }) => {
          const [first, ...rest] = lines.map((line) => line.replace(/-+->/g, '->'));
          return { ...times, lines: [label === undefined ? first : `${label}: ${first}`, ...rest] };
        });
        expect(parseSrt(formats.srt.write(transcript))).toEqual(expected);
      }),
    );
  });

  it('vtt, with words marked or not', () => {
    fc.assert(
      fc.property(anyTranscript, fc.boolean(), (transcript, highlightWords) => {
        const expected = shown(transcript).map(({ times, lines, label }) => ({
          ...times,
          lines,
          ...(label !== undefined && { voice: label }),
        }));
        const cues = parseVtt(formats.vtt.write(transcript, { highlightWords }));
        expect(cues.map(({ wordSeconds, ...cue }) => cue)).toEqual(expected);
        for (const { startSeconds, endSeconds, wordSeconds = [] } of cues) {
          const rising = [startSeconds, ...wordSeconds, endSeconds];
          expect(rising).toEqual([...new Set(rising)].sort((a, b) => a - b));
        }
      }),
    );
  });

  it('tsv, on one line', () => {
    fc.assert(
      fc.property(anyTranscript, (transcript) => {
        const expected = shown(transcript).map(({ times, text, label }) => ({
          ...times,
          lines: [label === undefined ? text : `${label}: ${text}`],
        }));
        expect(parseTsv(formats.tsv.write(transcript))).toEqual(expected);
      }),
    );
  });
});

describe('vtt', () => {
  it('marks words when it is asked to', () => {
    const transcript = spoken(wordsOf(' so it <goes>', 1));
    expect(formats.vtt.write(transcript, { highlightWords: true })).toBe(
      'WEBVTT\n\n00:00:01.000 --> 00:00:01.780\nso<00:00:01.180><c> it</c><00:00:01.360><c> &lt;goes&gt;</c>\n',
    );
    expect(formats.vtt.write(transcript)).toContain('\nso it &lt;goes&gt;\n');
  });
});

describe('channels', () => {
  const call = transcriptOf({
    durationSeconds: 20,
    segments: [
      segmentOf({
        channel: 0,
        startSeconds: 0,
        endSeconds: 12,
        text: ' Hello. Who is it?',
        words: [...wordsOf(' Hello.', 0), ...wordsOf(' Who is it?', 8)],
      }),
      segmentOf({
        channel: 1,
        startSeconds: 1,
        endSeconds: 6,
        text: ' Good day.',
        words: wordsOf(' Good day.', 3),
      }),
    ],
    text: 'Hello. Who is it? Good day.',
  });

  it('are turns in text, by the time of the words', () => {
    expect(formats.text.write(call)).toBe('Channel 1: Hello.\nChannel 2: Good day.\nChannel 1: Who is it?\n');
  });

  it('are turns without spaces where the language writes none', () => {
    const said = ['はい。', 'そうです。'].map((text, index) =>
      segmentOf({ channel: 0, text, startSeconds: index * 5, endSeconds: index * 5 + 5, language: 'ja' }),
    );
    const japanese = transcriptOf({ language: 'ja', segments: said });
    expect(formats.text.write(japanese)).toBe('Channel 1: はい。そうです。\n');
  });

  it('are voices in vtt and stand before the text in srt', () => {
    expect(parseVtt(formats.vtt.write(call)).map(({ voice, lines }) => [voice, ...lines])).toEqual([
      ['Channel 1', 'Hello.'],
      ['Channel 2', 'Good day.'],
      ['Channel 1', 'Who is it?'],
    ]);
    expect(parseSrt(formats.srt.write(call)).map(({ lines }) => lines)).toEqual([
      ['Channel 1: Hello.'],
      ['Channel 2: Good day.'],
      ['Channel 1: Who is it?'],
    ]);
  });

  it('stand in srt within the length of a line, with words timed or not', () => {
    const said = ' So it goes on and on for a while, and then, with a little luck, it stops.'.repeat(6);
    for (const fields of [{ words: wordsOf(said) }, {}]) {
      const talk = transcriptOf({
        durationSeconds: 60,
        segments: [segmentOf({ channel: 9, endSeconds: 60, text: said, ...fields })],
      });
      const cues = parseSrt(formats.srt.write(talk));
      expect(cues.length).toBeGreaterThan(5);
      for (const { lines } of cues) {
        expect(lines.length).toBeLessThanOrEqual(2);
        for (const line of lines) expect(line.length).toBeLessThanOrEqual(42);
        expect(lines[0]).toMatch(/^Channel 10: /);
      }
      const shownText = cues.map(({ lines }) => lines.join(' ').replace('Channel 10: ', '')).join(' ');
      expect(shownText).toBe(said.trim());
    }
  });

  it('keep their own times where two speak at once', () => {
    const words = wordsOf(' Hello there.', 2);
    const both = [0, 1].map((channel) => segmentOf({ channel, words, text: ' Hello there.' }));
    const captions = buildCaptions(transcriptOf({ segments: both }));
    expect(captions.map(({ channel, startSeconds }) => [channel, startSeconds])).toEqual([
      [0, 2],
      [1, 2],
    ]);
  });
});

describe('caption options', () => {
  it('reach every format that has captions', () => {
    const transcript = spoken(wordsOf(' one two three four five six seven eight nine ten'));
    const captions = { maxLines: 1, maxLineCharacters: 12 };
    for (const cues of [
      parseSrt(formats.srt.write(transcript, { captions })),
      parseVtt(formats.vtt.write(transcript, { captions })),
      parseTsv(formats.tsv.write(transcript, { captions })),
    ]) {
      expect(cues.length).toBeGreaterThan(1);
      for (const { lines } of cues) expect(lines.join('\n')).toMatch(/^.{1,12}$/);
    }
  });

  it('hold a caption until it can be read', () => {
    const said = { text: ' Unquestionably extraordinary.', startSeconds: 0, endSeconds: 0.5, probability: 1 };
    const transcript = transcriptOf({ segments: [segmentOf({ text: said.text, words: [said] })] });
    const endOf = (charactersPerSecond: number) =>
      buildCaptions(transcript, { charactersPerSecond }).map((caption) => caption.endSeconds);
    expect(endOf(10)).toEqual([2.9]);
    expect(endOf(29)).toEqual([1]);
    expect(endOf(1)).toEqual([7]);
  });

  it('divide a long text without words into as many lines as are allowed, in the order of time', () => {
    const text = ' so it goes on and on for a while, and then it stops.'.repeat(8);
    const captions = buildCaptions(transcriptOf({ segments: [segmentOf({ text })] }));
    expect(captions.map((caption) => caption.text).join(' ')).toBe(text.trim());
    expect(captions.length).toBeGreaterThan(4);
    for (const { lines } of captions) {
      expect(lines.length).toBeLessThanOrEqual(2);
      expect(lines.flatMap((line) => line.words)).toEqual([]);
    }
    expect(captions.at(-1)!.endSeconds).toBe(10);
  });

  it('break Japanese without words between its own words, and put no spaces in', () => {
    const text = '今日は天気がいいので公園へ行きました。'.repeat(8);
    const captions = buildCaptions(transcriptOf({ language: 'ja', segments: [segmentOf({ text })] }));
    expect(captions.map((caption) => caption.text).join('')).toBe(text);
    for (const { lines } of captions) {
      for (const line of lines) {
        expect(line.text.length).toBeLessThanOrEqual(42);
        expect(line.text).not.toMatch(/^。/);
      }
    }
  });
});

it('verbose_json names the channel of each segment and word, which come in the order of time', () => {
  const talk = transcriptOf({
    segments: [
      segmentOf({ channel: 0, words: [...wordsOf(' hello', 0), ...wordsOf(' bye', 5)] }),
      segmentOf({ channel: 1, startSeconds: 1, words: wordsOf(' yes', 2) }),
    ],
  });
  const { segments, words } = toVerboseTranscription(talk);
  expect(segments.map(({ channel }) => channel)).toEqual([0, 1]);
  expect(words).toEqual([
    { word: 'hello', start: 0, end: 0.36, channel: 0 },
    { word: 'yes', start: 2, end: 2.24, channel: 1 },
    { word: 'bye', start: 5, end: 5.24, channel: 0 },
  ]);
});

it('verbose_json has no field that OpenAI has not, where channels are mixed', () => {
  const transcript = transcriptOf({ segments: [segmentOf({ words: wordsOf(' hello') })] });
  const verbose = toVerboseTranscription(transcript);
  expect(Object.keys(verbose)).toEqual([
    'task',
    'language',
    'duration',
    'text',
    'segments',
    'words',
    'usage',
  ]);
  expect(Object.keys(verbose.segments[0]!)).toEqual([
    'id',
    'seek',
    'start',
    'end',
    'text',
    'tokens',
    'temperature',
    'avg_logprob',
    'compression_ratio',
    'no_speech_prob',
  ]);
  expect(verbose.words).toEqual([{ word: 'hello', start: 0, end: 0.36 }]);
});
