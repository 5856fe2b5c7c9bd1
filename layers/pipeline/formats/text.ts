import type { Transcript } from '../contract/transcript.ts';

/** The words alone, on one line. */
export function writeText(transcript: Transcript): string {
  return `${transcript.text}\n`;
}
