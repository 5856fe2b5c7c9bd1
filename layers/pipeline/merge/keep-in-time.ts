import type { SegmentTranscript, Word } from '../contract/transcript.ts';

/**
 * One channel's segments, in order, with times that never run backwards: inside the recording, no segment starts
 * before the last ended, words stand inside their segment and none passes the start of the next.
 */
export function keepInTime(
  segments: readonly SegmentTranscript[],
  durationSeconds: number,
): SegmentTranscript[] {
  let clock = 0;
  return segments.map((segment) => {
    const startSeconds = Math.min(Math.max(segment.startSeconds, clock), durationSeconds);
    const endSeconds = Math.min(Math.max(segment.endSeconds, startSeconds), durationSeconds);
    clock = endSeconds;
    const { words } = segment;
    return {
      ...segment,
      startSeconds,
      endSeconds,
      ...(words && { words: wordsInTime(words, startSeconds, endSeconds) }),
    };
  });
}

function wordsInTime(words: readonly Word[], startSeconds: number, endSeconds: number): Word[] {
  let clock = startSeconds;
  const starts = words.map((word) => (clock = Math.min(Math.max(word.startSeconds, clock), endSeconds)));
  return words.map((word, index) => {
    const start = starts[index]!;
    const limit = starts[index + 1] ?? endSeconds;
    return { ...word, startSeconds: start, endSeconds: Math.min(Math.max(word.endSeconds, start), limit) };
  });
}
