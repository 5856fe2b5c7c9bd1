import { sessionsFor } from '@murmuration/whisper/sessions';
import { describe, expect, it } from 'vitest';

const megabytes = 2 ** 20;
const modelOf = (sizeMegabytes: number) => ({
  files: { 'model.onnx': { sha256: '0'.repeat(64), sizeBytes: sizeMegabytes * megabytes } },
});

describe('sessions side by side', () => {
  it('are as many as threads, but no more than four', () => {
    const counts = [1, 2, 3, 4, 16].map((threads) => sessionsFor(modelOf(40), threads, 8_000 * megabytes));
    expect(counts).toEqual([1, 2, 3, 4, 4]);
  });

  it('are fewer where the model would fill the memory, and one at least', () => {
    expect(sessionsFor(modelOf(825), 4, 16_000 * megabytes)).toBe(3);
    expect(sessionsFor(modelOf(825), 4, 6_000 * megabytes)).toBe(1);
    expect(sessionsFor(modelOf(825), 4, 500 * megabytes)).toBe(1);
  });
});
