import type { SegmentTranscript, Transcript } from '../contract/transcript.ts';
import { mergeSegments, type WholeRecording } from '../merge/merge-segments.ts';

/** One transcript of segments that do not overlap. */
export function joinSegments(segments: readonly SegmentTranscript[], recording: WholeRecording): Transcript {
  return mergeSegments(
    segments.map((transcript) => ({ transcript, overlapSeconds: 0 })),
    recording,
  );
}
