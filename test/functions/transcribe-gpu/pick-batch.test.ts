import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFairShare } from '../../../functions/transcribe-gpu/batching/fair-share.ts';
import { paddingShare } from '../../../functions/transcribe-gpu/batching/padding-share.ts';
import { pickBatch } from '../../../functions/transcribe-gpu/batching/pick-batch.ts';
import type { WaitingSegment } from '../../../functions/transcribe-gpu/batching/waiting-segment.ts';

const segment = fc.record({
  tenant: fc.constantFrom('a', 'b', 'c', 'd'),
  group: fc.constantFrom('words', 'plain'),
  samples: fc.integer({ min: 1, max: 480_000 }),
  arrivedAt: fc.nat(),
});
const queue = fc.array(segment, { minLength: 1, maxLength: 60 });
const bounds = fc.record({
  mostSegments: fc.integer({ min: 1, max: 16 }),
  mostPadding: fc.double({ min: 0, max: 1, noNaN: true }),
});

/** Serves until all is done, and tells who was in each batch. */
function serveAll(waiting: readonly WaitingSegment[], limits: { mostSegments: number; mostPadding: number }) {
  const share = createFairShare();
  for (const { tenant } of waiting) share.join(tenant);
  const batches: WaitingSegment[][] = [];
  for (let left = [...waiting]; left.length > 0; ) {
    const batch = pickBatch(left, share.served, limits);
    for (const { tenant } of batch) share.charge(tenant, 1);
    left = left.filter((one) => !batch.includes(one));
    share.forget((tenant) => left.some((one) => one.tenant === tenant));
    batches.push(batch);
  }
  return batches;
}

describe('a batch', () => {
  it('keeps to its size, its group and its padding, and holds every segment once in the end', () => {
    fc.assert(
      fc.property(queue, bounds, (waiting, limits) => {
        const batches = serveAll(waiting, limits);
        expect(batches.flat()).toHaveLength(waiting.length);
        expect(new Set(batches.flat())).toEqual(new Set(waiting));
        for (const batch of batches) {
          expect(batch.length).toBeLessThanOrEqual(limits.mostSegments);
          expect(new Set(batch.map(({ group }) => group)).size).toBe(1);
          expect(paddingShare(batch.map(({ samples }) => samples))).toBeLessThanOrEqual(
            limits.mostPadding + 1e-9,
          );
        }
      }),
    );
  });

  it('always holds the oldest segment of a tenant that had least', () => {
    const had = fc.record({ a: fc.nat(9), b: fc.nat(9), c: fc.nat(9), d: fc.nat(9) });
    fc.assert(
      fc.property(queue, bounds, had, (waiting, limits, had) => {
        const served = (tenant: string) => had[tenant as keyof typeof had];
        const least = Math.min(...waiting.map(({ tenant }) => served(tenant)));
        const batch = pickBatch(waiting, served, limits);
        const first = batch.filter(
          (one) =>
            served(one.tenant) === least && waiting.find(({ tenant }) => tenant === one.tenant) === one,
        );
        expect(first).not.toEqual([]);
      }),
    );
  });

  it('lets a tenant that comes late, or comes again, neither wait for nor overtake the others by what it missed', () => {
    const share = createFairShare();
    share.join('old');
    share.charge('old', 100);
    share.forget(() => true);
    share.join('new');
    expect(share.served('new')).toBe(100);
    share.charge('new', 3);
    share.forget((tenant) => tenant === 'old');
    share.join('new');
    expect(share.served('new')).toBe(103);
  });

  it('gives tenants who want the same the same, to one segment', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 2, maxLength: 5 }),
        fc.integer({ min: 1, max: 16 }),
        (wanted, mostSegments) => {
          const waiting = wanted.flatMap((count, tenant) =>
            Array.from({ length: count }, () => ({
              tenant: `${tenant}`,
              group: '',
              samples: 1,
              arrivedAt: 0,
            })),
          );
          const had = wanted.map(() => 0);
          for (const batch of serveAll(waiting, { mostSegments, mostPadding: 1 })) {
            for (const { tenant } of batch) had[Number(tenant)]!++;
            const hungry = had.filter((count, tenant) => count < wanted[tenant]!);
            expect(Math.max(...hungry) - Math.min(...hungry)).toBeLessThanOrEqual(hungry.length > 1 ? 1 : 0);
          }
        },
      ),
    );
  });

  it('keeps tenants within one batch of each other, whatever can share one', () => {
    const groups = fc.array(fc.constantFrom('short', 'long'), { minLength: 20, maxLength: 20 });
    const tenants = fc.array(groups, { minLength: 2, maxLength: 4 });
    fc.assert(
      fc.property(tenants, fc.integer({ min: 1, max: 16 }), (tenants, mostSegments) => {
        const waiting = tenants.flatMap((groups, tenant) =>
          groups.map((group) => ({ tenant: `${tenant}`, group, samples: 1, arrivedAt: 0 })),
        );
        const had = tenants.map(() => 0);
        for (const batch of serveAll(waiting, { mostSegments, mostPadding: 1 })) {
          for (const { tenant } of batch) had[Number(tenant)]!++;
          const hungry = had.filter((count) => count < 20);
          if (hungry.length > 1)
            expect(Math.max(...hungry) - Math.min(...hungry)).toBeLessThanOrEqual(mostSegments);
        }
      }),
    );
  });

  it('puts one small request before the backlog of another', () => {
    const backlog = Array.from({ length: 100 }, () => ({
      tenant: 'big',
      group: '',
      samples: 9,
      arrivedAt: 0,
    }));
    const late = { tenant: 'small', group: '', samples: 9, arrivedAt: 1 };
    const batch = pickBatch([...backlog, late], () => 0, { mostSegments: 8, mostPadding: 0.5 });
    expect(batch).toHaveLength(8);
    expect(batch).toContain(late);
  });

  it('leaves a long segment out of a batch of short ones, and takes short ones from further back', () => {
    const lengths = [10, 10, 300, 11, 12, 9];
    const waiting = lengths.map((samples, arrivedAt) => ({ tenant: 'a', group: '', samples, arrivedAt }));
    const batch = pickBatch(waiting, () => 0, { mostSegments: 4, mostPadding: 0.2 });
    expect(batch.map(({ samples }) => samples).sort((a, b) => a - b)).toEqual([10, 10, 11, 12]);
  });
});
