import { editFindings } from '@murmuration/pipeline/edits/edit-findings';
import { editText } from '@murmuration/pipeline/edits/edit-text';
import { editTranscript } from '@murmuration/pipeline/edits/edit-transcript';
import { redact, redactKinds } from '@murmuration/pipeline/edits/redact';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { segmentOf, spoken, transcriptOf, wordsOf } from './factories/transcript.ts';

const all = redact(redactKinds);

describe('redaction finds', () => {
  it.each([
    ['write to ann.lee+x@mail.example.com, please', 'write to [email], please'],
    ['john at example dot com', '[email]'],
    ['John at example.com.', '[email].'],
    ['it is john dot smith at example dot co dot uk okay', 'it is [email] okay'],
    ['ann underscore lee @ example.org', '[email]'],
    ['J O H N at example.com', '[email]'],
    ['müller@bücher.example', '[email]'],
    ['call 415-555-2671 now', 'call [phone] now'],
    ['(212) 736-5000.', '[phone].'],
    ['call 555 123 4567.', 'call [phone].'],
    ['212, 736, 5000', '[phone]'],
    ['2 1 2 7 3 6 5 0 0 0', '[phone]'],
    ['+44 20 7946 0958 or +49 30 901820', '[phone] or [phone]'],
    ['555-1234', '[phone]'],
    ['my card is 4242 4242 4242 4242, thanks', 'my card is [card], thanks'],
    ['4111-1111-1111-1111', '[card]'],
    ['4111. 1111. 1111. 1111', '[card]'],
    ['378282246310005', '[card]'],
    ['one of 2: 4111111111111111', 'one of 2: [card]'],
    ['ssn 123-45-6789.', 'ssn [ssn].'],
    ['social security number is 123456789', 'social security number is [ssn]'],
  ])('%j: %j', (text, expected) => {
    expect(editText(text, all)).toBe(expected);
  });
});

describe('redaction leaves', () => {
  it.each([
    'in 1995 there were 1500 birds, 20 or 30 of 2000',
    '3,141,592 people and 1,234,567,890,123,456 ants',
    'find us at example.com',
    'the dot com boom at amazon',
    'we met at two dot five',
    '4111 1111 1111 1112',
    '000-12-3456 and 666-12-3456',
    'version 1.2.3, 12:30, 50 %',
    '',
  ])('%j', (text) => {
    expect(editText(text, all)).toBe(text);
  });
});

it('puts one word in the place of many, with the time of all', () => {
  const words = wordsOf('mail john at example dot com, please');
  const result = editTranscript(spoken(words), all).segments[0]!;
  expect(result.words).toEqual([
    words[0],
    { ...words[1], text: ' [email],', endSeconds: words[5]!.endSeconds, probability: expect.closeTo(0.9) },
    words[6],
  ]);
  expect(result.text).toBe('mail [email], please');
});

it('finds a number that is said across a pause, and leaves it nowhere: not in tokens, not in what was dropped', () => {
  const one = segmentOf({ text: 'it is 4242 4242', words: wordsOf(' it is 4242 4242'), tokens: [4242] });
  const two = segmentOf({ text: '4242 4242. Bye', words: wordsOf(' 4242 4242. Bye', 5) });
  const three = segmentOf({ text: '', dropped: { reason: 'no-speech', text: 'call 212-736-5000' } });
  const transcript = transcriptOf({
    segments: [one, two, three],
    text: 'it is 4242 4242 4242 4242. Bye',
  });
  const result = editTranscript(transcript, all);
  expect(result.text).toBe('it is [card]. Bye');
  expect(result.segments.map((segment) => segment.text)).toEqual(['it is [card].', 'Bye', '']);
  expect(JSON.stringify(result)).not.toMatch(/4242|736/);
});

it('leaves no part of a number in what is doubtful, and doubts what it did not touch as before', () => {
  const before = [
    segmentOf({ text: 'my card is 4242 4242 4242 4242, thanks', endSeconds: 5 }),
    segmentOf({ text: 'goodbye 4242', startSeconds: 6, endSeconds: 9 }),
  ];
  const after = editTranscript(transcriptOf({ segments: before }), all).segments;
  const doubtful = (text: string, startSeconds: number) =>
    ({
      kind: 'doubtful',
      reason: 'low-probability',
      startSeconds,
      endSeconds: startSeconds + 1,
      text,
    }) as const;
  const given = [doubtful('4242 4242', 1), doubtful('thanks', 4), doubtful('goodbye 4242', 7)];
  expect(editFindings(given, all, { before, after }).map(({ text }) => text)).toEqual([
    'my card is [card], thanks',
    'thanks',
    'goodbye 4242',
  ]);
});

it('does only what was asked', () => {
  const text = 'a@example.com 4242 4242 4242 4242 123-45-6789 212-736-5000';
  expect(editText(text, redact(['email']))).toBe(text.replace('a@example.com', '[email]'));
  expect(editText(text, redact(['card']))).toBe(text.replace('4242 4242 4242 4242', '[card]'));
  expect(editText(text, redact(['phone', 'ssn', 'card', 'email']))).toBe('[email] [card] [ssn] [phone]');
});

it('knows how numbers are written in the country that is asked for', () => {
  expect(editText('call 020 7946 0958', redact(['phone'], { phoneCountry: 'gb' }))).toBe('call [phone]');
});

it('finds every card number, in any grouping', () => {
  const digits = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 11, maxLength: 17 });
  fc.assert(
    fc.property(digits, fc.constantFrom('', ' ', '-', ', '), (rest, separator) => {
      const body = [4, ...rest];
      const sum = body
        .toReversed()
        .reduce(
          (total, digit, index) => total + (index % 2 ? digit : [0, 2, 4, 6, 8, 1, 3, 5, 7, 9][digit]!),
          0,
        );
      const card = [...body, (10 - (sum % 10)) % 10].join('').replace(/(\d{4})(?=\d)/g, `$1${separator}`);
      expect(editText(`It is ${card}.`, redact(['card']))).toBe('It is [card].');
    }),
  );
});

it('comes to an end on hostile text', () => {
  for (const text of ['1', '1 ', 'a.', '+1, ', 'a at ', '1-', 'a@', 'ssn ', 'a '].map((part) =>
    part.repeat(20_000),
  )) {
    expect(typeof editText(text, all)).toBe('string');
  }
});

it.each([
  [['emial'], {}, /cannot redact "emial": give one or more of email, card, ssn, phone/],
  [[], {}, /give one or more/],
  [['phone'], { phoneCountry: 'XX' }, /"XX" is no country/],
])('refuses %j %j', (kinds, options, message) => {
  expect(() => redact(kinds, options)).toThrow(message);
  expect(() => redact(kinds, options)).toThrow(expect.objectContaining({ code: 'invalid-argument' }));
});
