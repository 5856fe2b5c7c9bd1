import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type EvaluatedRecording,
  evaluateRecording,
  summarize,
} from '@murmuration/pipeline/evaluation/evaluation';
import { rulesLanguage } from '@murmuration/pipeline/evaluation/rules-language';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { evaluationPlot } from '../../functions/cli/eval/evaluation-plot.ts';
import { evaluationTable } from '../../functions/cli/eval/evaluation-table.ts';
import { readReferences } from '../../functions/cli/eval/read-references.ts';
import { segmentOf, transcriptOf } from './factories/transcript.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'murmuration-eval-'));
  path = join(folder, 'manifest.jsonl');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('a manifest', () => {
  it('names recordings beside it, what is said in them and in which language', async () => {
    const lines = [
      { file: 'a.wav', text: 'Hello', seconds: 3 },
      { file: '/b.wav', text: '', language: 'de' },
      { file: 'sub/c.wav', text: 'x', languages: ['en', 'fr'] },
      { file: 'd.wav', text: null },
      { file: 'e.wav' },
    ];
    await writeFile(path, `\ufeff${lines.map((line) => JSON.stringify(line)).join('\r\n\r\n')}\r\n`);
    expect(await readReferences(path)).toEqual({
      references: [
        { file: 'a.wav', path: join(folder, 'a.wav'), text: 'Hello' },
        { file: '/b.wav', path: '/b.wav', text: '', language: 'de' },
        { file: 'sub/c.wav', path: join(folder, 'sub/c.wav'), text: 'x', language: 'und' },
      ],
      unscored: 2,
    });
  });

  it('that names no language is compared by the rules of the one that was asked for', () => {
    expect(rulesLanguage({}, 'de')).toBe('de');
    expect(rulesLanguage({ language: 'fr' }, 'de')).toBe('fr');
    expect(rulesLanguage({}, 'auto')).toBe('en');
    const heard = { transcript: transcriptOf({ text: 'Die 1. Mr Müller' }), cached: 0, findings: [] };
    const errorsIn = (asked: string) =>
      evaluateRecording(
        { file: 'a', text: 'Die 1. Mister Müller', language: rulesLanguage({}, asked) },
        heard,
        1,
      ).substitutions;
    expect(errorsIn('auto')).toBe(0);
    expect(errorsIn('de')).toBe(1);
  });

  const good = '{"file": "a.wav", "text": "a"}\n';
  it.each([
    ['what is not JSON', `${good}\nhello`, /manifest\.jsonl:3 is not JSON/],
    ['a list', `${good}["a"]`, /manifest\.jsonl:2 is no reference/],
    ['a line without a file', `${good}{"text": "a"}`, /manifest\.jsonl:2 is no reference.*file/],
    ['an empty file name', `{"file": "", "text": "a"}`, /manifest\.jsonl:1 is no reference.*file/],
    ['a text that is no text', `{"file": "a", "text": 7}`, /manifest\.jsonl:1 is no reference.*text/],
    ['a file named twice', `${good}\n${good}`, /manifest\.jsonl:3 names "a\.wav" again, after line 1/],
    ['nothing', '\n', /manifest\.jsonl has no recording whose text is known/],
    ['no text at all', '{"file": "a.wav"}', /has no recording whose text is known/],
  ])('with %s is refused with its place', async (_, text, message) => {
    await writeFile(path, text);
    await expect(readReferences(path)).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringMatching(message),
    });
  });

  it('that is not there is refused', async () => {
    await expect(readReferences(path)).rejects.toMatchObject({ code: 'file-not-found' });
    await expect(readReferences(folder)).rejects.toMatchObject({ code: 'file-not-found' });
  });
});

const speech = evaluateRecording(
  { file: 'a.wav', text: 'north east south west', language: 'en' },
  {
    transcript: transcriptOf({
      text: 'north east south',
      segments: [
        segmentOf({ fallbacks: [{ context: 'short', temperature: 0, reason: 'repetition' }] }),
        segmentOf(),
      ],
    }),
    cached: 1,
    findings: [],
  },
  2,
);
const noise: EvaluatedRecording = {
  ...speech,
  file: 'noise <&"\u0007>.wav',
  words: 0,
  characters: 0,
  deletions: 0,
  insertions: 3,
  wordErrorPercent: null,
  fallbacks: 0,
  cached: 0,
};

it('figures are those of speech, and of noise the words that were invented', () => {
  expect(speech).toMatchObject({ words: 4, deletions: 1, segments: 2, cached: 1, fallbacks: 1, seconds: 2 });
  expect(summarize('tiny', [speech, noise], ['gone.wav'])).toMatchObject({
    model: 'tiny',
    clips: 1,
    words: 4,
    wordErrorPercent: 25,
    deletions: 1,
    insertions: 0,
    noiseClips: 1,
    noiseWords: 3,
    durationSeconds: 20,
    seconds: 4,
    realTimeFactor: 5,
    segments: 4,
    cached: 1,
    fallbacks: 1,
    findings: 0,
    failed: ['gone.wav'],
  });
  expect(summarize('tiny', [], ['gone.wav'])).toMatchObject({ wordErrorPercent: null, realTimeFactor: null });
});

it('the table has a line a recording and one for all', () => {
  const table = evaluationTable([speech, noise], summarize('tiny', [speech, noise], []));
  const rows = table.split('\n').map((line) => line.split(/ {2,}/));
  expect(rows[0]).toEqual([
    'CLIP',
    'WORDS',
    'WRONG',
    'LEFT OUT',
    'ADDED',
    'WER',
    'CER',
    'REAL TIME',
    'FALLBACKS',
    'CACHED',
  ]);
  expect(rows[1]!.slice(0, 6)).toEqual(['a.wav', '4', '0', '1', '0', '25.00 %']);
  expect(rows[1]!.slice(7)).toEqual(['5.0 ×', '1', '1/2']);
  expect(rows[2]!.slice(5, 7)).toEqual(['–', '–']);
  expect(rows[3]![0]).toBe('all 1 with speech');
  expect(table).toContain('3 words invented in 1 clips of noise');
  expect(table).toContain('--no-cache');
  expect(table).not.toContain('\u0007');
});

describe('the plot', () => {
  it('is one dot a recording, inside the frame, named without harm', () => {
    const recordings = [{ ...speech, bySegment: [] }, noise];
    const plot = evaluationPlot(recordings, summarize('tiny', recordings, []));
    const dots = [...plot.matchAll(/<circle cx="([\d.]+)" cy="([\d.]+)" r="([\d.]+)"/g)];
    expect(dots).toHaveLength(2);
    for (const [, x, y] of dots) {
      expect(Number(x)).toBeGreaterThanOrEqual(72);
      expect(Number(x)).toBeLessThanOrEqual(684);
      expect(Number(y)).toBeGreaterThanOrEqual(58);
      expect(Number(y)).toBeLessThanOrEqual(368);
    }
    expect(plot).toContain('a.wav: 25 % of 4 words, 5.0 × real time');
    expect(plot).toContain('noise &#60;&#38;&#34;\ufffd&#62;.wav: noise, 3 words invented');
    expect(plot).toContain('tiny: word error 25 %, 5 × real time');
  });

  it('is one dot a segment of a long recording', () => {
    const span = { startSeconds: 0, endSeconds: 5, words: 4, errors: 1, realTimeFactor: 12 };
    const bySegment = [span, { ...span, startSeconds: 5, endSeconds: 10, words: 0, realTimeFactor: null }];
    const recordings = [{ ...speech, bySegment }];
    const plot = evaluationPlot(recordings, summarize('tiny', recordings, []));
    expect(plot.match(/<circle /g)).toHaveLength(2);
    expect(plot).toContain('a.wav, 0.0–5.0 s: 1 errors in 4 words, 12.0 × real time');
    expect(plot).toContain('a.wav, 5.0–10.0 s: 1 errors in 0 words, 5.0 × real time');
  });

  it('is not pressed flat by one clip with more errors than words', () => {
    const worst = { ...speech, bySegment: [], wordErrorPercent: 300 };
    const plot = evaluationPlot(
      [worst, { ...speech, bySegment: [] }],
      summarize('tiny', [worst, speech], []),
    );
    expect(plot).toContain('≥ 100 %');
    const heights = [...plot.matchAll(/<circle cx="[\d.]+" cy="([\d.]+)"/g)].map(([, y]) => Number(y));
    expect(heights).toEqual([58, 58 + 310 * 0.75]);
  });

  it('is drawn of nothing, of what took no time, and of more errors than words', () => {
    const worst = { ...speech, seconds: 0, wordErrorPercent: 340 };
    for (const recordings of [[], [worst], [{ ...speech, durationSeconds: 0 }]]) {
      const plot = evaluationPlot(recordings, summarize('tiny', recordings, []));
      expect(plot).toMatch(/^<svg .*<\/svg>\n$/s);
      expect(plot).not.toMatch(/NaN|Infinity|undefined/);
    }
  });
});
