import type { Transcript } from '../contract/transcript.ts';

/** Our own contract, whole: what `Transcript` parses. OpenAI's shape is `verbose_json`. */
export function writeJson(transcript: Transcript): string {
  return `${JSON.stringify(transcript, null, 2)}\n`;
}
