import { MurmurationError } from '@murmuration/pipeline/errors';
import type { RecordingTranscribed } from '@murmuration/pipeline/steps/transcribe-recording';
import { countEscalated } from '@murmuration/pipeline/transcripts/count-escalated';

/** One recording as one line of JSON, for programs such as `models/evaluate.py`. */
export function jsonLine(
  file: string,
  { transcript, warnings, cached }: RecordingTranscribed,
  seconds: number,
): string {
  const { text, language, model, durationSeconds, segments } = transcript;
  const line = {
    file,
    text,
    language,
    model,
    durationSeconds,
    seconds,
    segments: segments.length,
    cached,
    fallbacks: segments.reduce((sum, segment) => sum + segment.fallbacks.length, 0),
    escalated: countEscalated(segments),
    dropped: segments.flatMap((segment) => segment.dropped ?? []),
    warnings,
  };
  return `${JSON.stringify(line)}\n`;
}

/** What a person should look at in one recording's transcript, as one line of JSON. */
export function reportLine(
  file: string,
  { transcript, media, findings, warnings }: RecordingTranscribed,
): string {
  const { model, language, durationSeconds, segments } = transcript;
  const escalated = segments.flatMap(({ model, startSeconds, endSeconds }) =>
    model === undefined ? [] : [{ model, startSeconds, endSeconds }],
  );
  return `${JSON.stringify({ file, media, model, language, durationSeconds, escalated, findings, warnings })}\n`;
}

/** Why a recording has no transcript, as one line of JSON between those of `reportLine`. */
export function failureLine(file: string, error: unknown): string {
  const code = error instanceof MurmurationError ? error.code : 'internal';
  const message = error instanceof Error ? error.message : String(error);
  return `${JSON.stringify({ file, error: { code, message } })}\n`;
}
