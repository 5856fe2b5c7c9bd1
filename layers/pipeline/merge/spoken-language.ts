import type { SegmentTranscript } from '../contract/transcript.ts';

/**
 * The language of most of the time in which something was said. Where nothing was: what was asked for, else what the
 * engine assumed, else ISO 639's `und` (undetermined).
 */
export function spokenLanguage(segments: readonly SegmentTranscript[], asked = 'auto'): string {
  const secondsByLanguage = new Map<string, number>();
  for (const { text, language, startSeconds, endSeconds } of segments) {
    if (text.trim() === '') continue;
    secondsByLanguage.set(language, (secondsByLanguage.get(language) ?? 0) + endSeconds - startSeconds);
  }
  const [most] = [...secondsByLanguage].sort((a, b) => b[1] - a[1]);
  return most?.[0] ?? (asked === 'auto' ? (segments[0]?.language ?? 'und') : asked);
}
