import { buildCaptions } from '../captions/build-captions.ts';
import type { Transcript } from '../contract/transcript.ts';
import { timestamp } from './timestamp.ts';

/** SubRip. It knows no escapes, so an arrow that would read as a time line loses a dash. */
export function writeSrt(transcript: Transcript): string {
  return buildCaptions(transcript)
    .map(({ startSeconds, endSeconds, lines }, index) => {
      const text = lines.map((line) => line.text.replaceAll('-->', '->')).join('\n');
      return `${index + 1}\n${timestamp(startSeconds, ',')} --> ${timestamp(endSeconds, ',')}\n${text}\n`;
    })
    .join('\n');
}
