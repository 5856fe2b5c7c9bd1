import { otherLanguage } from '@murmuration/pipeline/guards/other-language';
import { finishTranscript } from '@murmuration/pipeline/merge/finish-transcript';
import { describe, expect, it } from 'vitest';
import { segmentOf } from './factories/transcript.ts';

const german = segmentOf({ language: 'de', text: ' Guten Tag.' });
const guess = segmentOf({
  startSeconds: 10,
  endSeconds: 12,
  language: 'nn',
  languageProbability: 0.3,
  text: ' Takk.',
});
const doubt = { kind: 'doubtful', reason: 'other-language', startSeconds: 10, endSeconds: 12, text: 'Takk.' };

describe('a segment in another language than the recording', () => {
  it('is doubted where its language was a guess', () => {
    expect(otherLanguage([german, guess])).toEqual([doubt]);
    expect(otherLanguage([german, { ...guess, channel: 1 }])).toEqual([{ ...doubt, channel: 1 }]);
  });

  it.each([
    ['was sure', [german, { ...guess, languageProbability: 0.5 }], 'auto'],
    ['is that of the recording', [german, { ...guess, language: 'de' }], 'auto'],
    ['says nothing', [german, { ...guess, text: ' ' }], 'auto'],
    ['is all there is', [guess], 'auto'],
    ['was asked for', [german, guess], 'de'],
  ])('is not doubted where it %s', (_, segments, asked) => {
    expect(otherLanguage(segments, asked)).toEqual([]);
  });

  it('is a finding of the transcript, which keeps it', () => {
    const { transcript, findings } = finishTranscript({
      heard: [german, guess].map((transcript) => ({ transcript, overlapSeconds: 0 })),
      speech: undefined,
      keepWords: false,
      model: 'm',
      decoding: {},
      durationSeconds: 12,
    });
    expect(findings).toEqual([doubt]);
    expect(transcript).toMatchObject({ language: 'de', text: 'Guten Tag. Takk.' });
  });
});
