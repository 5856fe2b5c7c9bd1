import { buildCaptions } from '../captions/build-captions.ts';
import type { Transcript } from '../contract/transcript.ts';
import { channelLabel } from './channel-label.ts';
import type { WriteOptions } from './write-options.ts';

/** Whisper's table: start and end in milliseconds, text on one line without tabs, a channel before it. One row per caption. */
export function writeTsv(transcript: Transcript, { captions }: WriteOptions = {}): string {
  const rows = buildCaptions(transcript, captions).map(({ startSeconds, endSeconds, text, channel }) => {
    const label = channel === undefined ? '' : `${channelLabel(channel)}: `;
    return `${Math.round(startSeconds * 1000)}\t${Math.round(endSeconds * 1000)}\t${label}${text}\n`;
  });
  return ['start\tend\ttext\n', ...rows].join('');
}
