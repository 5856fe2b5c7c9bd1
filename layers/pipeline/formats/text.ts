import { buildCaptions } from '../captions/build-captions.ts';
import type { Transcript } from '../contract/transcript.ts';
import { channelLabel } from './channel-label.ts';

/** The words alone, on one line; where channels were transcribed apart, one labelled line for each turn. */
export function writeText(transcript: Transcript): string {
  if (transcript.segments.every((segment) => segment.channel === undefined)) return `${transcript.text}\n`;
  const turns: { channel: number | undefined; text: string }[] = [];
  for (const { channel, text } of buildCaptions(transcript)) {
    const turn = turns.at(-1);
    if (turn === undefined || turn.channel !== channel) turns.push({ channel, text });
    else turn.text += ` ${text}`;
  }
  const lines = turns.map(({ channel, text }) =>
    channel === undefined ? text : `${channelLabel(channel)}: ${text}`,
  );
  return `${lines.join('\n')}\n`;
}
