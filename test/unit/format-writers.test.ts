import { Transcript } from '@murmuration/pipeline/contract/transcript';
import { formatNames, formats } from '@murmuration/pipeline/formats/formats';
import { timestamp } from '@murmuration/pipeline/formats/timestamp';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { segmentOf, spoken, transcriptOf, wordsOf } from './factories/transcript.ts';

const two = transcriptOf({
  durationSeconds: 3726.47,
  text: 'Is 1 < 2 & 3 --> 4? Yes.',
  segments: [
    segmentOf({ startSeconds: 0.5, endSeconds: 3.25, text: ' Is 1 < 2 & 3 --> 4?', tokens: [1, 2] }),
    segmentOf({
      startSeconds: 4,
      endSeconds: 5,
      text: '',
      dropped: { reason: 'no-speech', text: 'Thank you.' },
    }),
    segmentOf({ startSeconds: 3725.0004, endSeconds: 3726, text: ' Yes.', temperature: 0.2 }),
  ],
});

describe('every format', () => {
  it('has a file extension of its own', () => {
    expect(new Set(formatNames.map((name) => formats[name].extension)).size).toBe(formatNames.length);
  });

  it.each(formatNames)('%s ends with one line feed and survives a silent recording', (name) => {
    expect(formats[name].write(two)).toMatch(/[^\n]\n$/);
    const silent = formats[name].write(transcriptOf({ text: '', segments: [] }));
    expect(silent).toMatch(/^$|\n$/);
  });
});

it('text is the words on one line', () => {
  expect(formats.text.write(two)).toBe('Is 1 < 2 & 3 --> 4? Yes.\n');
});

it('json is the contract, whole', () => {
  expect(Transcript.parse(JSON.parse(formats.json.write(two)))).toEqual(two);
});

describe('verbose_json', () => {
  it('has the shape that OpenAI answers', () => {
    expect(JSON.parse(formats.verbose_json.write(two))).toEqual({
      task: 'transcribe',
      language: 'english',
      duration: 3726.47,
      text: 'Is 1 < 2 & 3 --> 4? Yes.',
      segments: [
        {
          id: 0,
          seek: 50,
          start: 0.5,
          end: 3.25,
          text: ' Is 1 < 2 & 3 --> 4?',
          tokens: [1, 2],
          temperature: 0,
          avg_logprob: -0.2,
          compression_ratio: 1.1,
          no_speech_prob: 0.01,
        },
        {
          id: 1,
          seek: 372500,
          start: 3725,
          end: 3726,
          text: ' Yes.',
          tokens: [31373],
          temperature: 0.2,
          avg_logprob: -0.2,
          compression_ratio: 1.1,
          no_speech_prob: 0.01,
        },
      ],
      usage: { type: 'duration', seconds: 3727 },
    });
  });

  it('has words when they were asked for', () => {
    const { words } = JSON.parse(formats.verbose_json.write(spoken(wordsOf(' so it goes', 1))));
    expect(words).toEqual([
      { word: 'so', start: 1, end: 1.18 },
      { word: 'it', start: 1.18, end: 1.36 },
      { word: 'goes', start: 1.36, end: 1.66 },
    ]);
  });

  it('has an empty list of words where they were asked for and nothing was said', () => {
    const silent = transcriptOf({ text: '', segments: [segmentOf({ text: '', words: [] })] });
    expect(JSON.parse(formats.verbose_json.write(silent)).words).toEqual([]);
  });

  it.each([
    ['jw', 'javanese'],
    ['ht', 'haitian creole'],
    ['und', 'und'],
  ])('names the language %s %s', (language, name) => {
    expect(JSON.parse(formats.verbose_json.write(transcriptOf({ language }))).language).toBe(name);
  });
});

it('srt numbers its captions and keeps arrows out of the text', () => {
  expect(formats.srt.write(two)).toBe(
    '1\n00:00:00,500 --> 00:00:03,250\nIs 1 < 2 & 3 -> 4?\n\n2\n01:02:05,000 --> 01:02:06,000\nYes.\n',
  );
});

it('vtt escapes its text', () => {
  expect(formats.vtt.write(two)).toBe(
    'WEBVTT\n\n00:00:00.500 --> 00:00:03.250\nIs 1 &lt; 2 &amp; 3 --&gt; 4?\n\n01:02:05.000 --> 01:02:06.000\nYes.\n',
  );
});

describe('tsv', () => {
  it('is Whisper’s table in milliseconds', () => {
    expect(formats.tsv.write(two)).toBe(
      'start\tend\ttext\n500\t3250\tIs 1 < 2 & 3 --> 4?\n3725000\t3726000\tYes.\n',
    );
  });

  it('names the channel where channels were transcribed apart', () => {
    const segments = two.segments.map((segment, channel) => ({ ...segment, channel }));
    expect(formats.tsv.write({ ...two, segments })).toBe(
      'start\tend\ttext\n500\t3250\tChannel 1: Is 1 < 2 & 3 --> 4?\n3725000\t3726000\tChannel 3: Yes.\n',
    );
  });

  it('keeps one row a line, whatever was said', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 20 }), (texts) => {
        const words = texts.flatMap((text, index) => wordsOf(text, index));
        const rows = formats.tsv.write(spoken(words)).trimEnd().split('\n').slice(1);
        for (const row of rows) expect(row).toMatch(/^\d+\t\d+\t[^\t\r]*$/);
      }),
    );
  });

  it('puts no space into languages that write none', () => {
    const words = [
      ...'今日は天気がいいので公園へ行きました今日は天気がいいので公園へ行きました今日は天気がいい',
    ].map((text, index) => ({
      text,
      startSeconds: index * 0.1,
      endSeconds: index * 0.1 + 0.1,
      probability: 1,
    }));
    expect(formats.tsv.write(spoken(words))).not.toContain(' ');
  });
});

describe('a timestamp', () => {
  it.each([
    [0, '00:00:00,000'],
    [59.9996, '00:01:00,000'],
    [3599.999, '00:59:59,999'],
    [86_400, '24:00:00,000'],
    [360_000.001, '100:00:00,001'],
  ])('of %d seconds is %s', (seconds, expected) => {
    expect(timestamp(seconds, ',')).toBe(expected);
  });
});
