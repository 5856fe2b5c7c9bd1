import { toResult } from '@murmuration/whisper/graph-tensors';
import { Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';

const outputs = {
  tokens: new Tensor('int64', BigInt64Array.of(7n, 8n), [1, 2]),
  token_logprob: new Tensor('float32', Float32Array.of(-0.5, -0.25), [1, 2]),
  probe_prob: new Tensor('float32', Float32Array.of(0.1), [1, 1]),
};
const shape = [2, 1, 1, 3];

describe('what a graph gives', () => {
  it('has the attention of heads that follow the audio, the scores made of it, or neither', () => {
    const weights = new Tensor('float32', new Float32Array(6).fill(0.5), shape);
    expect(toResult({ ...outputs, alignment: weights })).toMatchObject({
      steps: 2,
      alignment: { kind: 'weights', heads: 1, positions: 3 },
    });
    const scores = new Tensor('int16', new Int16Array(6).fill(3), [2, 1, 3]);
    expect(toResult({ ...outputs, alignment_scores: scores }).alignment).toMatchObject({
      kind: 'scores',
      positions: 3,
    });
    expect(toResult(outputs).alignment).toMatchObject({ heads: 0, positions: 0 });
  });

  it('is refused in halves: they would be read as other numbers, and words get wrong times', () => {
    const halves = new Tensor('float16', new Uint16Array(6), shape);
    expect(() => toResult({ ...outputs, alignment: halves })).toThrow('build the model again');
  });
});
