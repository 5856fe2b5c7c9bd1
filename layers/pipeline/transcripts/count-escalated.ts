import type { SegmentTranscript } from '../contract/transcript.ts';

/** Segments that another model of the ladder wrote than the one that heard all of them. */
export function countEscalated(segments: readonly SegmentTranscript[]): number {
  return segments.filter(({ model }) => model !== undefined).length;
}
