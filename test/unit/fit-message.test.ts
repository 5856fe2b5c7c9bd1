import { LiveMessage } from '@murmuration/api/contract/live-message';
import { fitMessage, lastBytes } from '@murmuration/api/realtime/fit-message';
import { describe, expect, it } from 'vitest';

const words = Array.from({ length: 1000 }, (_, index) => ({
  ...{ text: ` wörd${index}`, startSeconds: index, endSeconds: index + 1, probability: 1 },
}));
const sizeOf = (message: LiveMessage) => Buffer.byteLength(JSON.stringify(LiveMessage.parse(message)));

describe('a message that is too large for API Gateway', () => {
  it('is left alone where it is not', () => {
    const message: LiveMessage = { kind: 'done', durationSeconds: 1, text: 'a' };
    expect(fitMessage(message)).toEqual([message]);
    expect(fitMessage({ kind: 'pause', atSeconds: 1 }, 1)).toEqual([{ kind: 'pause', atSeconds: 1 }]);
  });

  it('goes in parts where it has final words, all of them in order', () => {
    const parts = fitMessage({ kind: 'final', words }, 10_000);
    expect(parts.length).toBeGreaterThan(5);
    expect(Math.max(...parts.map(sizeOf))).toBeLessThanOrEqual(10_000);
    expect(parts.flatMap((part) => (part.kind === 'final' ? part.words : []))).toEqual(words);
  });

  it('has the first of its interim words, for others take their place', () => {
    const parts = fitMessage({ kind: 'interim', words }, 10_000);
    expect(parts).toHaveLength(1);
    expect(sizeOf(parts[0]!)).toBeLessThanOrEqual(10_000);
    const [{ words: told }] = parts as unknown as [{ words: typeof words }];
    expect(told).toEqual(words.slice(0, told.length));
  });

  it.each([
    ['words', 'größer '.repeat(40_000)],
    ['no spaces', '大きい'.repeat(40_000)],
    ['quotes', '"\n'.repeat(60_000)],
  ])('has the end of a text with %s, and says that it is cut', (_, text) => {
    const [done, ...others] = fitMessage({ kind: 'done', durationSeconds: 7000, text });
    expect(others).toEqual([]);
    expect(done).toMatchObject({ kind: 'done', durationSeconds: 7000, isCut: true });
    expect(sizeOf(done!)).toBeLessThanOrEqual(131_072);
    expect(sizeOf(done!)).toBeGreaterThan(100_000);
    expect(text.endsWith((done as { text: string }).text)).toBe(true);
  });

  it('cuts a text at a word', () => {
    expect(lastBytes('one two three', 8)).toBe('three');
    expect(lastBytes('one', 8)).toBe('one');
  });
});
