import { createHash } from 'node:crypto';
import { BYTES_PER_SAMPLE, toSixteenBit } from '../audio/sixteen-bit.ts';
import type { Segment } from '../contract/plan.ts';
import type { UnnumberedSegment } from '../contract/plan-part.ts';
import type { CutSegment } from '../hearing/cut-channels.ts';
import type { Place } from '../hearing/placed-segment.ts';
import { SAMPLE_RATE_HERTZ } from '../ports.ts';

/** Where the samples that were cut lie in their object. */
export interface CutOrigin {
  /** Undefined where channels are mixed. */
  readonly channel: number | undefined;
  /** Sample of the recording at which cutting began. @default 0 */
  readonly firstSample?: number;
}

/** A segment as the plan holds it. Its samples must be those of 16 bits, so that their hash is that of the object's bytes. */
export function segmentOfCut(
  { startSample, endSample, overlapSamples, speech, pcm }: CutSegment,
  { channel, firstSample = 0 }: CutOrigin,
): UnnumberedSegment {
  const first = firstSample + startSample;
  const end = firstSample + endSample;
  return {
    ...(channel === undefined ? {} : { channel }),
    startSeconds: first / SAMPLE_RATE_HERTZ,
    endSeconds: end / SAMPLE_RATE_HERTZ,
    overlapSeconds: overlapSamples / SAMPLE_RATE_HERTZ,
    byteStart: first * BYTES_PER_SAMPLE,
    byteEnd: end * BYTES_PER_SAMPLE,
    sha256: createHash('sha256').update(toSixteenBit(pcm)).digest('hex'),
    ...(speech === undefined
      ? {}
      : {
          speech: speech.map((span) => ({
            startSeconds: span.startSample / SAMPLE_RATE_HERTZ,
            endSeconds: span.endSample / SAMPLE_RATE_HERTZ,
          })),
        }),
  };
}

/** The other way round: a planned segment in samples. */
export function placeOf({ channel, byteStart, byteEnd, overlapSeconds, speech }: Segment): Place {
  const toSamples = (seconds: number) => Math.round(seconds * SAMPLE_RATE_HERTZ);
  return {
    channel,
    startSample: byteStart / BYTES_PER_SAMPLE,
    endSample: byteEnd / BYTES_PER_SAMPLE,
    overlapSamples: toSamples(overlapSeconds),
    speech: speech?.map(({ startSeconds, endSeconds }) => ({
      startSample: toSamples(startSeconds),
      endSample: toSamples(endSeconds),
    })),
  };
}
