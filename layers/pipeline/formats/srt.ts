import { buildCaptions } from '../captions/build-captions.ts';
import type { Transcript } from '../contract/transcript.ts';
import { channelLabel } from './channel-label.ts';
import { timestamp } from './timestamp.ts';
import type { WriteOptions } from './write-options.ts';

/**
 * SubRip. It knows no escapes, so an arrow that would read as a time line loses its dashes but one. A channel stands
 * before the text, as it knows no voices either.
 */
export function writeSrt(transcript: Transcript, { captions }: WriteOptions = {}): string {
  return buildCaptions(transcript, { ...captions, labelOf })
    .map(({ startSeconds, endSeconds, lines, channel }, index) => {
      const label = channel === undefined ? '' : labelOf(channel);
      const text = lines.map((line) => line.text.replace(/-{2,}>/gu, '->')).join('\n');
      const times = `${timestamp(startSeconds, ',')} --> ${timestamp(endSeconds, ',')}`;
      return `${index + 1}\n${times}\n${label}${text}\n`;
    })
    .join('\n');
}

const labelOf = (channel: number) => `${channelLabel(channel)}: `;
