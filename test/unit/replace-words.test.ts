import { SegmentTranscript } from '@murmuration/pipeline/contract/transcript';
import { editText } from '@murmuration/pipeline/edits/edit-text';
import { editTranscript } from '@murmuration/pipeline/edits/edit-transcript';
import { readReplaceRules } from '@murmuration/pipeline/edits/read-replace-rules';
import { replaceAll } from '@murmuration/pipeline/edits/replace';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { segmentOf, spoken, transcriptOf, wordsOf } from './factories/transcript.ts';

const parseReplaceRules = (text: string) => replaceAll(readReplaceRules(text));
const rules = (...list: object[]) => parseReplaceRules(JSON.stringify(list));
const kennedy = rules({ find: 'jeff kennedy', with: 'J.F. Kennedy' });
const edited = (text: string, ...list: object[]) => editText(text, rules(...list));

describe('a rule that spans words', () => {
  it('makes them one word with the time of all, in words, segment and transcript', () => {
    const words = wordsOf('So Jeff Kennedy, said');
    const result = editTranscript(spoken(words), kennedy);
    expect(result.text).toBe('So J.F. Kennedy, said');
    expect(result.segments[0]!.text).toBe('So J.F. Kennedy, said');
    expect(result.segments[0]!.words).toEqual([
      words[0],
      {
        text: ' J.F. Kennedy,',
        startSeconds: words[1]!.startSeconds,
        endSeconds: words[2]!.endSeconds,
        probability: 0.9,
      },
      words[3],
    ]);
  });

  it('keeps what stands before and behind it in its first and last word', () => {
    const result = editTranscript(spoken(wordsOf('(Jeff Kennedy)!')), kennedy);
    expect(result.segments[0]!.words!.map((word) => word.text)).toEqual(['(J.F. Kennedy)!']);
  });

  it('gives the mean of their probabilities', () => {
    const words = wordsOf('jeff kennedy').map((word, index) => ({ ...word, probability: 0.2 + index * 0.4 }));
    const [word] = editTranscript(spoken(words), kennedy).segments[0]!.words!;
    expect(word!.probability).toBeCloseTo(0.4, 12);
  });

  it('is found across the end of a segment; each segment keeps its own time', () => {
    const one = segmentOf({ text: 'by Jeff', words: wordsOf(' by Jeff'), endSeconds: 1 });
    const words = wordsOf(' Kennedy, then', 2);
    const two = segmentOf({ text: 'Kennedy, then', words, startSeconds: 2, endSeconds: 3 });
    const result = editTranscript(
      transcriptOf({ segments: [one, two], text: 'by Jeff Kennedy, then' }),
      kennedy,
    );
    expect(result.text).toBe('by J.F. Kennedy, then');
    expect(result.segments.map((segment) => segment.text)).toEqual(['by J.F. Kennedy,', 'then']);
    expect(result.segments[0]!.words!.at(-1)!.endSeconds).toBe(one.words!.at(-1)!.endSeconds);
    expect(result.segments[1]!.words).toEqual([words[1]]);
  });

  it('is not found across channels, which are spoken at once', () => {
    const segments = [segmentOf({ text: 'Jeff', channel: 0 }), segmentOf({ text: 'Kennedy', channel: 1 })];
    const transcript = transcriptOf({ segments, text: 'Jeff Kennedy' });
    expect(editTranscript(transcript, kennedy).segments).toEqual(segments);
    const turns = ['Jeff', 'hm', 'Kennedy', 'Kennedy spoke'].map((text, turn) =>
      segmentOf({ text, channel: [0, 1, 1, 0][turn]!, startSeconds: turn, endSeconds: turn + 1 }),
    );
    const text = 'Channel 1: Jeff\nChannel 2: hm Kennedy\nChannel 1: Kennedy spoke';
    const result = editTranscript(transcriptOf({ segments: turns, text }), kennedy);
    expect(result.segments.map((segment) => segment.text)).toEqual([
      'J.F. Kennedy',
      'hm',
      'Kennedy',
      'spoke',
    ]);
    expect(result.text).toBe('Channel 1: J.F. Kennedy\nChannel 2: hm Kennedy\nChannel 1: spoke');
  });
});

describe('an edited transcript', () => {
  it('without word times is edited in its text alone', () => {
    const transcript = transcriptOf({
      text: 'Jeff Kennedy spoke',
      segments: [segmentOf({ text: 'Jeff Kennedy spoke' })],
    });
    const result = editTranscript(transcript, kennedy);
    expect(result.segments[0]).toEqual(segmentOf({ text: 'J.F. Kennedy spoke', tokens: [] }));
    expect(result.text).toBe('J.F. Kennedy spoke');
  });

  it('is the same where nothing was found', () => {
    const transcript = spoken(wordsOf('nothing to see'));
    expect(editTranscript(transcript, kennedy)).toEqual(transcript);
  });

  it('loses the tokens that spell the old text, and edits what was dropped', () => {
    const segment = segmentOf({
      text: 'jeff kennedy',
      dropped: { reason: 'no-speech', text: 'Jeff Kennedy' },
    });
    const [result] = editTranscript(transcriptOf({ segments: [segment] }), kennedy).segments;
    expect(result!.tokens).toEqual([]);
    expect(result!.dropped!.text).toBe('J.F. Kennedy');
  });

  it('edits words and text each for itself where they differ', () => {
    const segment = segmentOf({ text: '- Jeff Kennedy.', words: wordsOf('Jeff Kennedy') });
    const [result] = editTranscript(transcriptOf({ segments: [segment] }), kennedy).segments;
    expect(result!.text).toBe('- J.F. Kennedy.');
    expect(result!.words!.map((word) => word.text)).toEqual(['J.F. Kennedy']);
  });

  it('edits the text of a segment whose words do not have what is to go', () => {
    for (const words of [[], wordsOf('Jeff K.')]) {
      const segments = [segmentOf({ text: 'Jeff Kennedy.', words })];
      const [result] = editTranscript(transcriptOf({ segments, text: 'Jeff Kennedy.' }), kennedy).segments;
      expect(result).toEqual({ ...segments[0], text: 'J.F. Kennedy.', tokens: [] });
    }
  });

  it('leaves a text that is laid out in its own way in that layout', () => {
    const transcript = transcriptOf({
      text: 'A: hi\n\nB: Jeff Kennedy',
      segments: [segmentOf({ text: 'Jeff Kennedy' })],
    });
    expect(editTranscript(transcript, kennedy).text).toBe('A: hi\n\nB: J.F. Kennedy');
  });

  it('loses words that are replaced by nothing', () => {
    const result = editTranscript(spoken(wordsOf('well um yes')), rules({ find: 'um', with: '' }));
    expect(result.segments[0]!.words!.map((word) => word.text)).toEqual(['well', ' yes']);
    expect(result.text).toBe('well yes');
  });

  it('of a language without spaces is joined without any', () => {
    const segments = [
      segmentOf({ text: '東京', language: 'ja' }),
      segmentOf({ text: '都です', language: 'ja' }),
    ];
    const transcript = transcriptOf({ language: 'ja', text: '東京都です', segments });
    const result = editTranscript(transcript, rules({ find: '東京都', with: 'TOKYO', wholeWords: false }));
    expect(result.text).toBe('TOKYOです');
  });

  const vocabulary = fc.constantFrom('a', 'b', 'ab', 'ba', 'c,', 'A.');
  const sentence = fc.array(vocabulary, { maxLength: 12 }).map((words) => words.join(' '));
  it('says the same in its words, its segments and its text, in order of time, whatever the rules', () => {
    const rule = fc.record({
      find: fc.constantFrom('a', 'b', 'a b', 'b a', 'c', 'ab a'),
      with: fc.constantFrom('', 'x', 'a b', 'A-B c', '.'),
      wholeWords: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(sentence, { maxLength: 4 }), fc.array(rule, { maxLength: 3 }), (texts, list) => {
        const segments = texts.map((text, index) => {
          const words = text === '' ? [] : wordsOf(` ${text}`, index * 10);
          return segmentOf({ text, words, startSeconds: index * 10, endSeconds: index * 10 + 9 });
        });
        const text = texts.filter((part) => part !== '').join(' ');
        const before = transcriptOf({ segments, text });
        const after = editTranscript(before, rules(...list));
        expect(after.text).toBe(
          after.segments
            .map((segment) => segment.text)
            .filter((part) => part !== '')
            .join(' '),
        );
        for (const [index, segment] of after.segments.entries()) {
          SegmentTranscript.parse(segment);
          expect(
            segment
              .words!.map((word) => word.text)
              .join('')
              .trim(),
          ).toBe(segment.text);
          let clock = index * 10;
          for (const word of segment.words!) {
            expect(word.startSeconds).toBeGreaterThanOrEqual(clock);
            expect(word.endSeconds).toBeGreaterThanOrEqual(word.startSeconds);
            clock = word.endSeconds;
          }
        }
      }),
    );
  });
});

describe('a literal', () => {
  it.each([
    ['art', 'ART', 'party art Art artist, art.', 'party ART ART artist, ART.'],
    ['é', 'e', 'élan é', 'élan e'],
    ['c++', 'C++', 'I like c++ and c+', 'I like C++ and c+'],
    ['$1', 'a dollar', 'for $1', 'for a dollar'],
    ['new york', 'NYC', 'New\n York', 'NYC'],
    ['x', '$1 $& $$', 'x', '$1 $& $$'],
  ])('%j becomes %j in %j: %j', (find, replacement, text, expected) => {
    expect(edited(text, { find, with: replacement })).toBe(expected);
  });

  it('minds case and stands inside words where that is asked', () => {
    const rule = { find: 'art', with: 'ART', wholeWords: false, ignoreCase: false };
    expect(edited('party Art art', rule)).toBe('pARTy Art ART');
  });
});

describe('a regular expression', () => {
  it('puts groups into the replacement', () => {
    const rule = { regex: '(\\w+) (?:squared)', with: '$1² ($&, $$, $2)' };
    expect(edited('x squared', rule)).toBe('x² (x squared, $, )');
  });

  it('takes flags, whole words, letters of any language', () => {
    expect(edited('Colour color', { regex: 'COLOU?R', flags: 'i', with: 'hue' })).toBe('hue hue');
    expect(edited('cats cat', { regex: 'cat', wholeWords: true, with: 'dog' })).toBe('cats dog');
    expect(edited('🐦 žluť', { regex: '\\p{L}+', with: 'word' })).toBe('🐦 word');
  });

  it('never takes long, whatever it is', () => {
    const text = `${'a'.repeat(50_000)}!`;
    expect(edited(text, { regex: '(a+)+$', with: 'b' })).toBe(text);
    expect(edited(text, { regex: '(a|a)*b', with: 'b' })).toBe(text);
  });

  it('changes nothing where it matches nothing', () => {
    expect(edited('a b', { regex: '\\b', with: 'x' })).toBe('a b');
  });
});

it('rules work in their order, each on what the one before it left', () => {
  expect(edited('a', { find: 'a', with: 'b' }, { find: 'b', with: 'c' })).toBe('c');
});

describe('rules that cannot be used are refused:', () => {
  it.each([
    ['no JSON', '{', /they are not JSON/],
    ['no array', '{"find": "a", "with": "b"}', /they are no array/],
    ['no find', '[{"with": "b"}]', /rule 1: it needs "find" or "regex"/],
    ['both', '[{"find": "a", "regex": "b", "with": "c"}]', /rule 1: it has both/],
    ['no with', '[{"find": "a", "with": "b"}, {"find": "a"}]', /rule 2: .*with/],
    ['an empty find', '[{"find": " ", "with": "b"}]', /rule 1: write at least one letter/],
    ['an unknown field', '[{"find": "a", "with": "b", "wholewords": true}]', /rule 1: .*wholewords/],
    ['an unknown flag', '[{"regex": "a", "flags": "g", "with": "b"}]', /rule 1: use i, s or m/],
    ['a flag twice', '[{"regex": "a", "flags": "ii", "with": "b"}]', /rule 1: use i, s or m/],
    ['half a class', '[{"regex": "[a", "with": "b"}]', /rule 1: missing closing \]/],
    ['a look-ahead', '[{"regex": "a(?=b)", "with": "b"}]', /rule 1: .*look-around/],
    ['a back-reference', '[{"regex": "(a)\\\\1", "with": "b"}]', /rule 1: .*back-references/],
    [
      'one that always matches',
      '[{"regex": "a*", "with": "b"}]',
      /rule 1: "a\*" also matches nothing at all/,
    ],
    ['a number', '[7]', /rule 1: it needs/],
  ])('%s', (_, text, message) => {
    expect(() => parseReplaceRules(text)).toThrow(message);
    expect(() => parseReplaceRules(text)).toThrow(
      expect.objectContaining({ code: 'invalid-argument', message: expect.not.stringContaining('\n') }),
    );
  });
});

describe('rules that make ever more of a text', () => {
  it('are refused before they fill the memory', () => {
    const doubling = Array.from({ length: 40 }, () => ({ find: 'ha', with: 'ha ha ha ha ha ha ha ha' }));
    expect(() => edited('ha', ...doubling)).toThrow(/makes more than 8000000 characters/);
    expect(() => edited('ha '.repeat(9000), { regex: '(?s).+', with: '$&'.repeat(1000) })).toThrow(
      /rule 1 makes more than/,
    );
  });
});
