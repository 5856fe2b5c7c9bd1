import { lineText } from '../captions/break-lines.ts';
import { buildCaptions } from '../captions/build-captions.ts';
import type { CaptionLine } from '../captions/caption.ts';
import type { Transcript } from '../contract/transcript.ts';

/** Whisper's table: start and end in milliseconds, text on one line without tabs. One row per caption. */
export function writeTsv(transcript: Transcript): string {
  const rows = buildCaptions(transcript).map(({ startSeconds, endSeconds, lines }) => {
    return `${Math.round(startSeconds * 1000)}\t${Math.round(endSeconds * 1000)}\t${oneLine(lines)}\n`;
  });
  return ['start\tend\ttext\n', ...rows].join('');
}

// Words bring their own spaces: where a language writes none, a line break was none either
function oneLine(lines: readonly CaptionLine[]): string {
  const words = lines.flatMap((line) => line.words);
  const text = words.length > 0 ? lineText(words) : lines.map((line) => line.text).join(' ');
  return text.replace(/\s+/gu, ' ');
}
