import type { Transcript } from '../contract/transcript.ts';
import { transcriptText } from '../transcripts/transcript-text.ts';

/** The words alone, on one line; where channels were transcribed apart, one labelled line for each turn. */
export function writeText(transcript: Transcript): string {
  const isMixed = transcript.segments.every((segment) => segment.channel === undefined);
  return `${isMixed ? transcript.text : transcriptText(transcript)}\n`;
}
