import { describe, expect, it } from 'vitest';
import { idleOptions } from '../../functions/cli/idle-options.ts';

describe('idleOptions', () => {
  it.each([
    [
      'marked words without vtt',
      { highlightWords: true },
      ['srt'],
      ['--highlight-words changes nothing without --format vtt'],
    ],
    [
      'lines without captions',
      { maxLines: 1, maxLineLength: 30 },
      ['text', 'verbose_json'],
      [
        '--max-line-length changes nothing without --format srt, vtt or tsv',
        '--max-lines changes nothing without --format srt, vtt or tsv',
      ],
    ],
    [
      'a country without telephone numbers',
      { phoneCountry: 'DE', redact: ['email'] },
      ['text'],
      ['--phone-country changes nothing without --redact phone'],
    ],
    [
      'a ladder without a temperature to climb',
      { ladder: [{ model: 'large', averageLogprobBelow: -0.5 }], temperatures: [0] },
      ['text'],
      ['--ladder changes nothing without a second of --temperatures: one alone asks for one hearing'],
    ],
  ] as const)('notes %s', (_, options, formats, notes) => {
    expect(idleOptions(options, formats)).toEqual(notes);
  });

  it('notes nothing where each option has its work', () => {
    const options = {
      highlightWords: true,
      maxLines: 1,
      maxLineLength: 30,
      phoneCountry: 'DE',
      redact: ['phone'],
    };
    expect(idleOptions(options, ['text', 'vtt'])).toEqual([]);
    expect(idleOptions({ maxLines: 1 }, ['tsv'])).toEqual([]);
    expect(idleOptions({}, [])).toEqual([]);
  });
});
