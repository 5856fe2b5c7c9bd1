import type { Finding } from '../contract/finding.ts';
import type { SegmentTranscript } from '../contract/transcript.ts';
import { heardLanguages } from '../transcripts/heard-languages.ts';

/**
 * Segments whose language was guessed to be another than the recording's. Who hears a recording as one hears them again in
 * its language; lanes, of which each hears but a batch, may not know it.
 */
export function otherLanguage(segments: readonly SegmentTranscript[], asked = 'auto'): Finding[] {
  if (asked !== 'auto') return [];
  const languages = heardLanguages();
  for (const segment of segments) languages.add(segment);
  return segments.flatMap((segment) => {
    const { startSeconds, endSeconds, channel } = segment;
    const text = segment.text.trim();
    if (text === '' || languages.instead(segment) === undefined) return [];
    const about = { startSeconds, endSeconds, text, ...(channel === undefined ? {} : { channel }) };
    return { kind: 'doubtful', reason: 'other-language', ...about };
  });
}
