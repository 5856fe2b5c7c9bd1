import type { SegmentTranscript } from '@murmuration/pipeline/contract/transcript';
import { bagPhrase } from '@murmuration/pipeline/guards/bag-phrases';
import { findInvented, type InventedOptions } from '@murmuration/pipeline/guards/find-invented';
import { findLoop } from '@murmuration/pipeline/guards/find-loop';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { segmentOf, wordsOf } from './factories/transcript.ts';

const speech = ' And so, my fellow Americans, ask not what your country can do for you.';
const unlikely = { avgLogprob: -1.4 };
const silence: InventedOptions = { speech: [] };
const voice: InventedOptions = { speech: [{ startSeconds: 0.5, endSeconds: 9 }] };

/** What became of one segment: its text, and each finding as "kind reason: text". */
function judge(fields: Partial<SegmentTranscript>, options?: InventedOptions) {
  const { segments, findings } = findInvented([segmentOf(fields)], options);
  return {
    text: segments[0]!.text,
    findings: findings.map(({ kind, reason, text }) => `${kind} ${reason}: ${text}`),
  };
}

describe('ordinary speech passes without a word:', () => {
  it.each([
    ['a sentence', speech],
    ['a short answer', ' Yes.'],
    ['thanks', ' Thank you.'],
    ['thanks of a speaker at the end', ' That was my last slide. Thank you for watching, and goodbye.'],
    ['a refusal', ' No, no, no, no, no, I said no.'],
    ['a speaker who says it twice', ' We will not give up. We will not give up.'],
    ['a chorus', ' Row, row, row your boat, gently down the stream. Merrily, merrily, merrily, merrily.'],
    ['counting', ' one two three four five six seven eight nine ten'],
    ['Japanese', '今日は天気がいいので公園へ行きました。'],
    ['punctuation alone', ' ...'],
  ])('%s', (_, text) => {
    const whole = segmentOf({ text, words: wordsOf(text) });
    for (const options of [undefined, voice]) {
      expect(findInvented([whole], options)).toEqual({ segments: [whole], findings: [] });
    }
  });

  it('fast speech in a short segment', () => {
    expect(judge({ text: ' Yes I do.', endSeconds: 0.4 }).findings).toEqual([]);
  });
});

describe('no one sign drops a text:', () => {
  it.each<[string, Partial<SegmentTranscript>, InventedOptions, string]>([
    ['no voice', { text: speech }, silence, 'no-voice'],
    ['a low log-probability', { text: speech, ...unlikely }, voice, 'low-probability'],
    ['no speech, says the model', { text: speech, noSpeechProbability: 0.9 }, voice, 'no-speech'],
    ['a bag phrase', { text: ' Thank you for watching!' }, voice, 'bag-phrase'],
    ['a bag phrase where no detector ran', { text: ' Thank you for watching!' }, {}, 'bag-phrase'],
    ['too many words', { text: speech, endSeconds: 1 }, {}, 'words-per-second'],
    [
      'too many for the voice',
      { text: speech },
      { speech: [{ startSeconds: 2, endSeconds: 3 }] },
      'words-per-second',
    ],
  ])('%s', (_, fields, options, reason) => {
    const { text, findings } = judge(fields, options);
    expect(text).toBe(fields.text);
    expect(findings).toEqual([`doubtful ${reason}: ${fields.text!.trim()}`]);
  });

  it('whatever the text is, a voice and a sure model keep it', () => {
    const anyText = fc.oneof(
      fc.string(),
      fc.constantFrom(' Please subscribe.', ' no'.repeat(40), speech.repeat(9)),
    );
    fc.assert(
      fc.property(anyText, (text) => {
        const { segments, findings } = findInvented([segmentOf({ text, endSeconds: 30 })], voice);
        expect(segments[0]!.text).toBe(text);
        expect(findings.filter((finding) => finding.kind === 'dropped')).toEqual([]);
      }),
    );
  });
});

describe('two signs drop a text:', () => {
  it.each<[string, Partial<SegmentTranscript>, InventedOptions, string]>([
    ['no voice, unlikely', { text: speech, ...unlikely }, silence, 'no-voice'],
    ['no voice, no speech', { text: speech, noSpeechProbability: 0.9 }, silence, 'no-voice'],
    ['no voice, closing words', { text: ' Thank you for watching!' }, silence, 'no-voice'],
    ['no voice, everyday words', { text: ' Thank you.' }, silence, 'no-voice'],
    ['no voice, a loop', { text: ' no'.repeat(20) }, silence, 'no-voice'],
    ['no voice, too fast', { text: speech, endSeconds: 1 }, silence, 'no-voice'],
    ['closing words, unlikely', { text: ' Please subscribe.', ...unlikely }, {}, 'bag-phrase'],
    ['too fast, unlikely', { text: speech, endSeconds: 1, ...unlikely }, voice, 'words-per-second'],
  ])('%s', (_, fields, options, reason) => {
    const segment = segmentOf({ words: wordsOf(fields.text!), channel: 1, ...fields });
    const spans = options.speech?.map((span) => ({ ...span, channel: 1 }));
    const text = segment.text.trim();
    const { startSeconds, endSeconds } = segment;
    expect(findInvented([segment], { speech: spans })).toEqual({
      segments: [{ ...segment, text: '', tokens: [], words: [], dropped: { reason, text } }],
      findings: [{ kind: 'dropped', reason, startSeconds, endSeconds, text, channel: 1 }],
    });
  });

  it('but everyday words with a voice are only doubted', () => {
    expect(judge({ text: ' Thank you.', ...unlikely }, voice)).toEqual({
      text: ' Thank you.',
      findings: ['doubtful low-probability: Thank you.'],
    });
  });

  it('and a voice in another channel is no voice', () => {
    const segment = segmentOf({ text: ' Thank you.', channel: 1 });
    const speechOf = (channel: number) => ({ speech: [{ startSeconds: 0, endSeconds: 10, channel }] });
    expect(findInvented([segment], speechOf(0)).segments[0]!.text).toBe('');
    expect(findInvented([segment], speechOf(1)).segments[0]!.text).toBe(' Thank you.');
  });
});

it('what the engine dropped is reported', () => {
  const dropped = { reason: 'no-speech', text: 'Thank you.' } as const;
  const segment = segmentOf({ text: '', startSeconds: 3, endSeconds: 5, dropped });
  expect(findInvented([segment], silence)).toEqual({
    segments: [segment],
    findings: [{ kind: 'dropped', reason: 'no-speech', startSeconds: 3, endSeconds: 5, text: 'Thank you.' }],
  });
});

describe('a loop', () => {
  const start = ' Well, here it is.';
  const phrase = ' I think it is so.';
  const text = `${start}${phrase.repeat(6)} Good.`;

  it('that the model doubts is said once', () => {
    const words = wordsOf(text);
    const { segments, findings } = findInvented([segmentOf({ text, words, ...unlikely })], voice);
    expect(segments[0]).toMatchObject({ text: `${start}${phrase} Good.` });
    expect(segments[0]!.words!.map((word) => word.text).join('')).toBe(segments[0]!.text);
    expect(findings[0]).toEqual({
      kind: 'dropped',
      reason: 'repetition',
      startSeconds: words[9]!.startSeconds,
      endSeconds: words[33]!.endSeconds,
      text: phrase.repeat(5).trim(),
    });
    expect(findings.slice(1)).toMatchObject([{ kind: 'doubtful', reason: 'low-probability' }]);
  });

  it('is said once without word times too', () => {
    const { text: kept, findings } = judge({ text, ...unlikely }, voice);
    expect(kept).toBe(`${start}${phrase} Good.`);
    expect(findings[0]).toBe(`dropped repetition: ${phrase.repeat(5).trim()}`);
  });

  it('that is too fast for anybody is said once, and what is left may be fine', () => {
    expect(judge({ text: `${start}${phrase.repeat(30)}`, endSeconds: 5 }, voice)).toEqual({
      text: `${start}${phrase}`,
      findings: [`dropped repetition: ${phrase.repeat(29).trim()}`],
    });
  });

  it('that the model believes is doubtful', () => {
    expect(judge({ text }, voice)).toEqual({
      text,
      findings: [`doubtful repetition: ${phrase.repeat(5).trim()}`],
    });
  });

  it.each([
    ['a b c a b c', undefined],
    ['x a b c d a b c d a b c d a b c d a b', { start: 1, end: 19, phraseWords: 4, times: 4 }],
    ['no '.repeat(12).trim(), { start: 0, end: 12, phraseWords: 1, times: 12 }],
    ['no '.repeat(11).trim(), undefined],
    ['', undefined],
  ])('in %j is %j', (said, loop) => {
    expect(findLoop(said.split(' '))).toEqual(loop);
  });
});

describe('neighbours that say the same', () => {
  const same = (text: string, fields: Partial<SegmentTranscript> = {}, times = 3) =>
    Array.from({ length: times }, (_, index) =>
      segmentOf({ text, startSeconds: index * 10, endSeconds: index * 10 + 10, ...fields }),
    );

  it('are doubtful from the third on, the first ones too', () => {
    const { segments, findings } = findInvented(same(' I am going home.'));
    expect(segments.map((segment) => segment.text)).toEqual(Array(3).fill(' I am going home.'));
    expect(findings.map(({ kind, reason, startSeconds }) => [kind, reason, startSeconds])).toEqual([
      ['doubtful', 'repeated-phrase', 0],
      ['doubtful', 'repeated-phrase', 10],
      ['doubtful', 'repeated-phrase', 20],
    ]);
    expect(findInvented(same(' I am going home.', {}, 2)).findings).toEqual([]);
  });

  it('are dropped where the model doubts them too', () => {
    const { segments, findings } = findInvented(same(' I am going home.', unlikely));
    expect(segments.map((segment) => segment.text)).toEqual(['', '', '']);
    expect(findings.every(({ kind, reason }) => kind === 'dropped' && reason === 'repeated-phrase')).toBe(
      true,
    );
  });

  it('may say yes as often as they like', () => {
    expect(findInvented(same(' Yes.', {}, 9)).findings).toEqual([]);
  });
});

it('words that the model hardly believed are doubtful, run by run', () => {
  const words = wordsOf(' one two three four five').map((word, index) => ({
    ...word,
    probability: [0.9, 0.1, 0.2, 0.9, 0.24][index]!,
  }));
  const { segments, findings } = findInvented([segmentOf({ text: ' one two three four five', words })]);
  expect(segments[0]!.words).toEqual(words);
  expect(findings).toEqual([
    {
      kind: 'doubtful',
      reason: 'low-probability',
      startSeconds: words[1]!.startSeconds,
      endSeconds: words[2]!.endSeconds,
      text: 'two three',
    },
    {
      kind: 'doubtful',
      reason: 'low-probability',
      startSeconds: words[4]!.startSeconds,
      endSeconds: words[4]!.endSeconds,
      text: 'five',
    },
  ]);
});

describe('words at a time when nobody spoke, in a segment where somebody did,', () => {
  const spokenUntil4 = { speech: [{ startSeconds: 0, endSeconds: 4 }] };
  const said = wordsOf(' And so it began.', 0);
  const later = (text: string, probability: number, startSeconds = 7) =>
    wordsOf(text, startSeconds).map((word) => ({ ...word, probability }));
  const judgeWords = (more: ReturnType<typeof later>, options: InventedOptions = spokenUntil4) => {
    const words = [...said, ...more];
    return judge({ words, text: words.map((word) => word.text).join('') }, options);
  };

  it('go where the model hardly believed them', () => {
    expect(judgeWords(later(' Mmm, hello.', 0.2))).toEqual({
      text: ' And so it began.',
      findings: ['dropped no-voice: Mmm, hello.'],
    });
  });

  it('go where they are a phrase that Whisper invents', () => {
    expect(judgeWords(later(' Thank you.', 0.9))).toEqual({
      text: ' And so it began.',
      findings: ['dropped no-voice: Thank you.'],
    });
  });

  it('stay, in doubt, where nothing else speaks against them', () => {
    expect(judgeWords(later(' Good night, all.', 0.9))).toEqual({
      text: ' And so it began. Good night, all.',
      findings: ['doubtful no-voice: Good night, all.'],
    });
    expect(judgeWords(later(' so', 0.9)).findings).toEqual(['doubtful no-voice: so']);
  });

  it('are none within a second of a voice, or where nobody listened', () => {
    expect(judgeWords(later(' Thank you.', 0.9, 4.5)).findings).toEqual([]);
    expect(judgeWords(later(' Thank you.', 0.9), {}).findings).toEqual([]);
  });
});

describe('a bag phrase', () => {
  it.each([
    ['Thanks for watching!', 'credit'],
    ['Thank you. Thank you for watching.', 'credit'],
    ['Thanks for watching! Please subscribe.', 'credit'],
    ['Subtitles by the Amara.org community', 'credit'],
    ['ご視聴ありがとうございました。', 'credit'],
    ['Субтитры сделал DimaTorzok', 'credit'],
    ['Untertitel der Amara.org-Community', 'credit'],
    ['Thank you.', 'everyday'],
    ['Thank you for the watch.', undefined],
    ['', undefined],
  ])('%j is %s', (text, kind) => {
    expect(bagPhrase(text)).toBe(kind);
  });
});
