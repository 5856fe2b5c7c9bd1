import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { goals } from '../bench/gpu/goals.ts';

const measured = JSON.parse(
  readFileSync(new URL('../bench/results/gpu.json', import.meta.url), 'utf8'),
) as Record<string, unknown>;

/** One row of 30 s. */
const row = (fields: object) => ({
  ...{ rows: 1, seconds: 30, alignment: false, median: 80, realTime: 375, peakMebibytes: 4000 },
  ...fields,
});

it('says of the published figures what models/README.md says of them', () => {
  const met = Object.fromEntries(goals(measured).map(({ goal, met }) => [goal, met]));
  expect(met).toMatchObject({
    'times real time, 4500': false,
    'ms for 30 s, 60': true,
    'ms for 5 s, 25': true,
    'MiB at 2500 times real time, 5531': true,
    'share of its engine that the server keeps, 0.85': true,
    's for 10 h, 12': true,
    'clips with equal tokens': true,
  });
});

it('asks of the graphs that are served, and not of the loop, whether tokens are equal', () => {
  const [words] = goals({
    words: { clips: 43, equal: 43, equalAlone: 43 },
    capturedWords: { clips: 42, equal: 42, equalAlone: 41 },
  }).slice(-1);
  expect(words).toEqual({ goal: 'clips with equal tokens', reached: 41, met: false });
});

it('takes the best size and number of sessions, and leaves word times and parts that failed aside', () => {
  const report = {
    server: { failed: 'no GPU' },
    bare: {
      latency: [row({ median: 59 }), row({ median: 70 }), row({ median: 1, alignment: true })],
      throughput: [],
    },
    sessions: [{ realTime: 4600 }],
  };
  const [throughput, transformers, latency, short] = goals(report);
  expect([throughput!.reached, throughput!.met]).toEqual([4600, true]);
  expect([latency!.reached, latency!.met]).toEqual([59, true]);
  expect([transformers!.met, short!.met]).toEqual([undefined, undefined]);
});
