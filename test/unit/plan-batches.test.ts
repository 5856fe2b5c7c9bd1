import { JobOptions } from '@murmuration/pipeline/contract/job';
import { Batch } from '@murmuration/pipeline/contract/plan';
import type { UnnumberedSegment } from '@murmuration/pipeline/contract/plan-part';
import { planBatches } from '@murmuration/pipeline/splitting/write-plan';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const job = { jobId: 'a'.repeat(32), model: 'whisper-tiny.en-int8', options: JobOptions.parse({}) };

function segmentAt(startSeconds: number, fields: Partial<UnnumberedSegment> = {}): UnnumberedSegment {
  return {
    startSeconds,
    endSeconds: startSeconds + 20,
    overlapSeconds: 0,
    byteStart: startSeconds * 32_000,
    byteEnd: (startSeconds + 20) * 32_000,
    sha256: '0'.repeat(64),
    ...fields,
  };
}

describe('a plan', () => {
  it('has every segment once, in order of time and of channels, in batches that fit a request', () => {
    const spans = fc.array(fc.constant({ startSeconds: 1.2345678, endSeconds: 2.3456789 }), {
      maxLength: 900,
    });
    const segments = fc.array(
      fc.record({
        start: fc.integer({ min: 0, max: 1000 }),
        channel: fc.option(fc.integer({ min: 0, max: 1 }), { nil: undefined }),
        speech: spans,
      }),
      { minLength: 1, maxLength: 40 },
    );
    fc.assert(
      fc.property(segments, (drafts) => {
        const given = drafts.map(({ start, channel, speech }) =>
          segmentAt(start, { speech, ...(channel === undefined ? {} : { channel }) }),
        );
        const batches = planBatches(job, given);
        const planned = batches.flatMap((batch) => batch.segments);
        expect(planned.map(({ index }) => index)).toEqual(given.map((_, index) => index));
        const placeOf = ({ startSeconds, channel = 0 }: UnnumberedSegment) => 2 * startSeconds + channel;
        expect(planned.map(placeOf)).toEqual(given.map(placeOf).sort((a, b) => a - b));
        for (const [index, batch] of batches.entries()) {
          expect(batch.index).toBe(index);
          expect(batch.segments.length).toBeLessThanOrEqual(8);
          expect(JSON.stringify(batch).length).toBeLessThanOrEqual(120_000);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('holds what lanes take', () => {
    const batches = planBatches(job, [segmentAt(0), segmentAt(20)]);
    expect(Batch.array().parse(batches)).toEqual(batches);
  });

  it.each([
    ['one segment, formats that need none', { formats: ['txt'] }, 1, false],
    ['one segment, captions', {}, 1, true],
    ['one segment, asked for', { formats: ['txt'], decoding: { words: true } }, 1, true],
    ['two segments', { formats: ['txt'] }, 2, true],
  ])('times words where they help: %s', (_, options, segments, words) => {
    const given = Array.from({ length: segments }, (_each, index) => segmentAt(index * 20));
    const [batch] = planBatches({ ...job, options: JobOptions.parse(options) }, given);
    expect(batch?.decoding.words).toBe(words);
  });
});
