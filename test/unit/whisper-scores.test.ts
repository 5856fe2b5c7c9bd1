import { align } from '@murmuration/whisper/align';
import { alignmentScores } from '@murmuration/whisper/attention';
import { planContext } from '@murmuration/whisper/context';
import type { Alignment, RunRequest } from '@murmuration/whisper/graph-run';
import { readAttempts } from '@murmuration/whisper/read-attempts';
import { describe, expect, it } from 'vitest';
import { bytesOf, byteTokenizer, englishOnly } from './factories/whisper-model.ts';

const tokenizer = byteTokenizer();
const manifest = englishOnly();
const [heads, positions, rows] = [3, 60, 2];
const text = bytesOf(' a bc d');
/** A forced token, the text, the end; the second row ends two steps earlier. */
const written = [
  [261, ...text, 258],
  [261, ...text.slice(0, -2), 258, 258, 258],
];
const steps = written[0]!.length;
const audioSeconds = [0.9, 0.7];

/** As a decoder that moves on by 6 positions a step, each head a little apart, and looks into the silence too. */
const weights = Float32Array.from({ length: steps * rows * heads * positions }, (_, i) => {
  const position = i % positions;
  const head = Math.floor(i / positions) % heads;
  const step = Math.floor(i / (positions * heads * rows));
  return Math.exp(-Math.abs(position - 6 * step - 2 * head) / 5) + 0.01 * Math.abs(Math.sin(i * i));
});

function attempts(alignment: Alignment) {
  const plans = audioSeconds.map((seconds) => planContext(seconds * 16_000, 'full'));
  return readAttempts(
    {
      rows,
      forced: [-1],
      maxNewTokens: [steps, steps],
      probeTokens: [],
      alignment: true,
    } as unknown as RunRequest,
    {
      steps,
      tokens: BigInt64Array.from(written.flat(), BigInt),
      logprobs: new Float32Array(rows * steps),
      probes: new Float32Array(0),
      alignment,
    },
    plans.map((plan) => ({ plan, language: 'en' })),
    manifest,
    tokenizer,
  );
}

/** What models/graph_alignment.py writes: of each row's own steps and positions, anything elsewhere. */
function onTheGpu(): Alignment {
  const data = new Int16Array(steps * rows * positions).fill(-32_768);
  const from = attempts({ kind: 'weights', data: weights, heads, positions });
  for (const [row, { attention }] of from.entries()) {
    const scores = alignmentScores(attention!);
    for (let step = 0; step < attention!.steps; step++) {
      const line = scores.subarray(step * attention!.positions, (step + 1) * attention!.positions);
      data.set(
        line.map((score) => Math.round(score * 1024)),
        ((step + 1) * rows + row) * positions,
      );
    }
  }
  return { kind: 'scores', data, positions };
}

describe('scores that a graph for CUDA computed itself', () => {
  it('time words as the attention does that they are made of', () => {
    const [here, there] = [
      attempts({ kind: 'weights', data: weights, heads, positions }),
      attempts(onTheGpu()),
    ].map((all) =>
      all.map((attempt, row) =>
        align({ ...attempt, attention: attempt.attention!, durationSeconds: audioSeconds[row]! }, tokenizer),
      ),
    );
    expect(here!.map((words) => words.length)).toEqual([3, 2]);
    expect(here![0]!.at(-1)!.startSeconds).toBeGreaterThan(0.2);
    expect(there).toEqual(here);
  });

  it('are read where the row has audio and text, and nowhere else', () => {
    for (const [row, { attention }] of attempts(onTheGpu()).entries()) {
      expect(attention).toMatchObject({
        kind: 'scores',
        steps: written[row]!.indexOf(258),
        positions: audioSeconds[row]! * 50,
      });
      expect(Math.min(...attention!.data)).toBeGreaterThan(-32_768);
    }
  });
});
