import type { SegmentTranscript } from '../contract/transcript.ts';

/** The same segment, `seconds` later: from the segment's own time to the recording's. */
export function shiftSegment(segment: SegmentTranscript, seconds: number): SegmentTranscript {
  const shift = <T extends { startSeconds: number; endSeconds: number }>(span: T): T => ({
    ...span,
    startSeconds: span.startSeconds + seconds,
    endSeconds: span.endSeconds + seconds,
  });
  return { ...shift(segment), ...(segment.words === undefined ? {} : { words: segment.words.map(shift) }) };
}
