import { dynamoStreams } from '@murmuration/api/adapters/dynamo-streams';
import type { DynamoTable, TableItem } from '@murmuration/api/adapters/dynamo-table';
import { beforeEach, describe, expect, it } from 'vitest';

const key = { id: 'k', hash: '0'.repeat(64), owner: 'ann', createdAt: '2026-01-01T00:00:00.000Z' };
const MINUTE = 60_000;

let items: Map<string, TableItem>;
let now: number;
beforeEach(() => {
  items = new Map();
  now = 1_800_000_000_000;
});

function opened() {
  const table: Partial<DynamoTable> = {
    async putNew({ pk, sk, ...item }, nowSeconds) {
      const before = items.get(`${pk} ${sk}`);
      if (before !== undefined && Number(before['expiresAt']) > nowSeconds) return false;
      items.set(`${pk} ${sk}`, item);
      return true;
    },
    async change({ pk, sk }, { values }) {
      const before = items.get(`${pk} ${sk}`);
      if (before?.['streamId'] !== values[':stream']) return undefined;
      items.set(`${pk} ${sk}`, { ...before, expiresAt: values[':until'] });
      return items.get(`${pk} ${sk}`);
    },
  };
  return dynamoStreams(table as DynamoTable, () => now);
}

describe('the streams of a key', () => {
  it('are four at once, or as many as it may have, and those of another key are not among them', async () => {
    const streams = opened();
    const open = (id: string, more: object = {}) => streams.open({ ...key, ...more }, id);
    expect([await open('a'), await open('b'), await open('c'), await open('d'), await open('e')]).toEqual([
      ...[0, 1, 2, 3, undefined],
    ]);
    expect(await open('f', { streamsAtOnce: 5 })).toBe(4);
    expect(await open('g', { id: 'other' })).toBe(0);
  });

  it('leave their places when they end, or when nobody says for two minutes that they are there', async () => {
    const streams = opened();
    const one = { ...key, streamsAtOnce: 1 };
    expect(await streams.open(one, 'a')).toBe(0);
    await streams.close(one, 'a', 0);
    expect(await streams.open(one, 'b')).toBe(0);
    now += 1.5 * MINUTE;
    await streams.keep(one, 'b', 0);
    now += 1.5 * MINUTE;
    expect(await streams.open(one, 'c')).toBeUndefined();
    now += MINUTE;
    expect(await streams.open(one, 'c')).toBe(0);
    // Who was thought to be gone takes no place of another
    await streams.close(one, 'b', 0);
    expect(await streams.open(one, 'd')).toBeUndefined();
  });
});
