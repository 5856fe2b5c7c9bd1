import { buildCaptions } from '../captions/build-captions.ts';
import type { Transcript } from '../contract/transcript.ts';
import { unspacedLanguages } from '../contract/unspaced-languages.ts';
import { channelLabel } from '../formats/channel-label.ts';

/** What is said in a recording, on one line; where channels were transcribed apart, one labelled line for each turn. */
export function transcriptText(transcript: Omit<Transcript, 'text'>): string {
  const { segments } = transcript;
  const gap = gapBetween(transcript);
  if (segments.every((segment) => segment.channel === undefined)) {
    const texts = segments.map((segment) => segment.text.trim()).filter((text) => text !== '');
    return texts.join(gap);
  }
  const turns: { channel: number | undefined; text: string }[] = [];
  for (const { channel, text } of buildCaptions(transcript)) {
    const turn = turns.at(-1);
    if (turn === undefined || turn.channel !== channel) turns.push({ channel, text });
    else turn.text += gap + text;
  }
  const lines = turns.map(({ channel, text }) =>
    channel === undefined ? text : `${channelLabel(channel)}: ${text}`,
  );
  return lines.join('\n');
}

/** What stands between sentences. A translation is English, whatever was spoken. */
export function gapBetween({ task, language }: Pick<Transcript, 'task' | 'language'>): '' | ' ' {
  return task === 'transcribe' && unspacedLanguages.has(language) ? '' : ' ';
}
