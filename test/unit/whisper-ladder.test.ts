import { DecodingOptions } from '@murmuration/pipeline/contract/decoding';
import { type Attempt, climbLadder, type Row } from '@murmuration/whisper/ladder';
import { describe, expect, it } from 'vitest';

const options = DecodingOptions.parse({});

function attemptOf(fields: Partial<Attempt> = {}): Attempt {
  return {
    text: 'all is well',
    language: 'en',
    avgLogprob: -0.3,
    compressionRatio: 1.2,
    noSpeechProbability: 0.1,
    hitTokenLimit: false,
    ...fields,
  };
}

const loop = attemptOf({ text: 'loop', compressionRatio: 9, avgLogprob: -0.05 });
const doubtful = attemptOf({ text: 'doubtful', avgLogprob: -1.4 });

/** Plays `script` and keeps the calls: one list of rows per rung. */
function player(script: (row: Row) => Attempt) {
  const calls: Row[][] = [];
  const decode = async (rows: readonly Row[]) => {
    calls.push([...rows]);
    return rows.map(script);
  };
  return { calls, decode };
}

describe('the decoding ladder', () => {
  it('stops at the first rung when all is well', async () => {
    const { calls, decode } = player(() => attemptOf());
    const [outcome] = await climbLadder(['short'], options, decode);
    expect(calls).toEqual([[{ segment: 0, context: 'short', temperature: 0, draw: 0, language: undefined }]]);
    expect(outcome).toEqual({ attempt: attemptOf(), row: calls[0]![0], fallbacks: [], silent: false });
  });

  it('asks for nothing where there are no segments', async () => {
    const { calls, decode } = player(() => attemptOf());
    expect(await climbLadder([], options, decode)).toEqual([]);
    expect(calls).toEqual([]);
  });

  it('tries the full context before it raises the temperature', async () => {
    const { calls, decode } = player((row) => (row.context === 'short' ? loop : attemptOf()));
    const [outcome] = await climbLadder(['short'], options, decode);
    expect(calls.map((rows) => rows.map((row) => [row.context, row.temperature]))).toEqual([
      [['short', 0]],
      [['full', 0]],
    ]);
    expect(outcome!.fallbacks).toEqual([{ context: 'short', temperature: 0, reason: 'compression-ratio' }]);
  });

  it('does not try the full context twice where the first one was full', async () => {
    const { calls, decode } = player((row) => (row.temperature === 0 ? loop : attemptOf()));
    await climbLadder(['full'], options, decode);
    expect(calls.map((rows) => rows.map((row) => row.temperature))).toEqual([[0], [0.2, 0.4, 0.6, 0.8, 1]]);
  });

  it('draws five temperatures at once and keeps the likeliest that passes', async () => {
    const { calls, decode } = player((row) => {
      if (row.temperature === 0) return loop;
      if (row.temperature === 0.4) return attemptOf({ text: 'best', avgLogprob: -0.2 });
      if (row.temperature === 1) return doubtful;
      return attemptOf({ avgLogprob: -0.6 });
    });
    const [outcome] = await climbLadder(['short'], options, decode);
    expect(calls).toHaveLength(3);
    expect(new Set(calls[2]!.map((row) => row.draw)).size).toBe(5);
    expect(outcome!.attempt.text).toBe('best');
    expect(outcome!.row.temperature).toBe(0.4);
    expect(outcome!.fallbacks).toEqual([
      { context: 'short', temperature: 0, reason: 'compression-ratio' },
      { context: 'full', temperature: 0, reason: 'compression-ratio' },
      { context: 'full', temperature: 1, reason: 'avg-logprob' },
    ]);
  });

  it('prefers an unlikely text to a loop when nothing passes', async () => {
    const { decode } = player((row) => (row.temperature === 0.8 ? doubtful : loop));
    const [outcome] = await climbLadder(['full'], options, decode);
    expect(outcome!.attempt).toBe(doubtful);
    expect(outcome!.fallbacks).toHaveLength(5);
  });

  it('keeps the likeliest of attempts that all fail alike', async () => {
    const { decode } = player((row) => attemptOf({ avgLogprob: -2 + row.temperature / 2 }));
    const [outcome] = await climbLadder(['full'], options, decode);
    expect(outcome!.row.temperature).toBe(1);
  });

  it('lets each segment climb on its own and answers in order', async () => {
    const trouble: Record<number, number> = { 1: 1, 3: 2 };
    const { calls, decode } = player((row) => {
      const rung = row.temperature > 0 ? 2 : row.context === 'full' ? 1 : 0;
      return rung < (trouble[row.segment] ?? 0) ? loop : attemptOf({ text: `segment ${row.segment}` });
    });
    const outcomes = await climbLadder(['short', 'short', 'full', 'short'], options, decode);
    expect(calls.map((rows) => rows.map((row) => row.segment))).toEqual([
      [0, 1, 2, 3],
      [1, 3],
      [3, 3, 3, 3, 3],
    ]);
    expect(outcomes.map(({ attempt }) => attempt.text)).toEqual([
      'segment 0',
      'segment 1',
      'segment 2',
      'segment 3',
    ]);
    expect(outcomes.map(({ fallbacks }) => fallbacks.length)).toEqual([0, 1, 0, 2]);
  });

  it('takes silence for an answer', async () => {
    const silence = attemptOf({ noSpeechProbability: 0.9, avgLogprob: -1.5, compressionRatio: 9 });
    const { calls, decode } = player(() => silence);
    const [outcome] = await climbLadder(['short'], options, decode);
    expect(calls).toHaveLength(1);
    expect(outcome).toMatchObject({ silent: true, fallbacks: [] });
  });

  it('does not call a confident text silence', async () => {
    const { decode } = player(() => attemptOf({ noSpeechProbability: 0.9 }));
    expect((await climbLadder(['short'], options, decode))[0]!.silent).toBe(false);
  });

  it('keeps the language of the first rung', async () => {
    const { calls, decode } = player((row) =>
      row.temperature > 0 ? attemptOf() : { ...loop, language: 'de' },
    );
    await climbLadder(['short'], options, decode);
    expect(calls.map((rows) => rows[0]!.language)).toEqual([undefined, 'de', 'de']);
  });

  it('takes thresholds and temperatures from the options', async () => {
    const { calls, decode } = player((row) =>
      attemptOf({ avgLogprob: row.context === 'full' ? -0.5 : -0.6 }),
    );
    const strict = DecodingOptions.parse({ logprobThreshold: -0.4, temperatures: [0.3] });
    const [outcome] = await climbLadder(['short'], strict, decode);
    expect(calls.flat().map((row) => [row.context, row.temperature])).toEqual([
      ['short', 0.3],
      ['full', 0.3],
    ]);
    expect(outcome!.fallbacks).toEqual([{ context: 'short', temperature: 0.3, reason: 'avg-logprob' }]);
  });

  const twice = 'We went to the park. We went to the park.';
  const thrice = `${twice} We went to the park.`;
  it.each<[string, Partial<Attempt>, Partial<Attempt>, string | undefined]>([
    ['a sentence said twice', { text: twice }, {}, 'repetition'],
    ['the token limit', { hitTokenLimit: true }, {}, 'token-limit'],
    ['a low log-probability', { avgLogprob: -1.01 }, {}, 'avg-logprob'],
    ['a log-probability at the threshold', { avgLogprob: -1 }, {}, undefined],
    ['a ratio at the threshold', { compressionRatio: 2.4 }, {}, undefined],
  ])('at short context: %s', async (_, short, full, reason) => {
    const { decode } = player((row) => attemptOf(row.context === 'short' ? short : full));
    const [outcome] = await climbLadder(['short'], options, decode);
    expect(outcome!.fallbacks.map((fallback) => fallback.reason)).toEqual(reason ? [reason] : []);
  });

  it('believes in a sentence said twice when the full context says so too, not in a third time', async () => {
    const said = async (text: string) => {
      const { decode } = player((row) => attemptOf(row.temperature > 0 ? { text: 'other' } : { text }));
      return (await climbLadder(['short'], options, decode))[0]!;
    };
    expect((await said(twice)).attempt.text).toBe(twice);
    expect((await said(thrice)).attempt.text).toBe('other');
  });
});
