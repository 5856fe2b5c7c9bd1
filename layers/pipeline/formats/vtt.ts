import { buildCaptions } from '../captions/build-captions.ts';
import type { Transcript } from '../contract/transcript.ts';
import { timestamp } from './timestamp.ts';

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/** WebVTT (w3.org/TR/webvtt1); cue text is escaped, so that `<i>` or `-->` is read as it was said. */
export function writeVtt(transcript: Transcript): string {
  const cues = buildCaptions(transcript).map(({ startSeconds, endSeconds, lines }) => {
    const text = lines.map((line) => line.text.replace(/[&<>]/gu, (mark) => escapes[mark]!)).join('\n');
    return `${timestamp(startSeconds, '.')} --> ${timestamp(endSeconds, '.')}\n${text}\n`;
  });
  return ['WEBVTT\n', ...cues].join('\n');
}
