import type { DecodingInput } from '../contract/decoding.ts';
import type { SegmentTranscript, Transcript } from '../contract/transcript.ts';
import { unspacedLanguages } from '../contract/unspaced-languages.ts';

export interface WholeRecording {
  readonly model: string;
  readonly decoding: DecodingInput;
  readonly durationSeconds: number;
}

/** One transcript of segments that are in order of time. */
export function joinSegments(
  segments: readonly SegmentTranscript[],
  { model, decoding, durationSeconds }: WholeRecording,
): Transcript {
  const language = spokenLanguage(segments) ?? silentLanguage(segments, decoding.language);
  const task = decoding.task ?? 'transcribe';
  // A translation is English, whatever was spoken
  const gap = task === 'transcribe' && unspacedLanguages.has(language) ? '' : ' ';
  const texts = segments.map((segment) => segment.text.trim()).filter((text) => text !== '');
  return { model, task, language, durationSeconds, text: texts.join(gap), segments: [...segments] };
}

/** The language of most of the time in which something was said. */
function spokenLanguage(segments: readonly SegmentTranscript[]): string | undefined {
  const secondsByLanguage = new Map<string, number>();
  for (const { text, language, startSeconds, endSeconds } of segments) {
    if (text.trim() === '') continue;
    secondsByLanguage.set(language, (secondsByLanguage.get(language) ?? 0) + endSeconds - startSeconds);
  }
  return [...secondsByLanguage].sort((a, b) => b[1] - a[1])[0]?.[0];
}

/** Where nothing was said: what was asked for, else what the engine assumed, else ISO 639's `und` (undetermined). */
function silentLanguage(segments: readonly SegmentTranscript[], asked = 'auto'): string {
  return asked === 'auto' ? (segments[0]?.language ?? 'und') : asked;
}
