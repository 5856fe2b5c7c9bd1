import type { Finding } from '../contract/finding.ts';
import type { RecordingTranscribed } from '../steps/transcribe-recording.ts';
import { countEscalated } from '../transcripts/count-escalated.ts';
import { type EvaluatedSegment, evaluateSegments, type TimedSpan } from './evaluate-segments.ts';
import type { Reference } from './reference.ts';
import { errorsOf, percentOf, type Score, scoreTranscript, sumScores } from './score-transcript.ts';

/** One recording that was transcribed and compared. */
export interface EvaluatedRecording extends Score {
  readonly file: string;
  readonly heard: string;
  readonly wordErrorPercent: number | null;
  readonly durationSeconds: number;
  /** What its transcription took. */
  readonly seconds: number;
  readonly segments: number;
  /** Segments that came from the cache: they make the speed look higher. */
  readonly cached: number;
  /** Decoding attempts that were not kept. */
  readonly fallbacks: number;
  /** Segments that another model of the ladder wrote. */
  readonly escalated: number;
  /** What was left out, or kept with doubt. */
  readonly findings: readonly Finding[];
  /** Errors and speed of each segment; empty where nearly all is wrong. */
  readonly bySegment: readonly EvaluatedSegment[];
}

export function evaluateRecording(
  { file, text, language }: Pick<Required<Reference>, 'file' | 'text' | 'language'>,
  { transcript, cached, findings }: Pick<RecordingTranscribed, 'transcript' | 'cached' | 'findings'>,
  seconds: number,
  batches: readonly TimedSpan[] = [],
): EvaluatedRecording {
  const score = scoreTranscript(text, transcript.text, language);
  return {
    file,
    heard: transcript.text,
    ...score,
    wordErrorPercent: percentOf(errorsOf(score), score.words),
    durationSeconds: transcript.durationSeconds,
    seconds,
    segments: transcript.segments.length,
    cached,
    fallbacks: transcript.segments.reduce((sum, segment) => sum + segment.fallbacks.length, 0),
    escalated: countEscalated(transcript.segments),
    findings,
    bySegment: evaluateSegments(text, transcript.segments, language, batches),
  };
}

/** All recordings of a manifest together; the names are those of `models/evaluate.py --json`. */
export function summarize(
  model: string,
  recordings: readonly EvaluatedRecording[],
  failed: readonly string[],
) {
  const speech = recordings.filter(({ words }) => words > 0);
  const noise = recordings.filter(({ words }) => words === 0);
  const total = sumScores(speech);
  const sum = (count: (recording: EvaluatedRecording) => number) =>
    recordings.reduce((whole, recording) => whole + count(recording), 0);
  const durationSeconds = sum((recording) => recording.durationSeconds);
  const seconds = sum((recording) => recording.seconds);
  return {
    model,
    clips: speech.length,
    words: total.words,
    wordErrorPercent: percentOf(errorsOf(total), total.words),
    characterErrorPercent: percentOf(total.characterErrors, total.characters),
    substitutions: total.substitutions,
    deletions: total.deletions,
    insertions: total.insertions,
    noiseClips: noise.length,
    noiseWords: noise.reduce((words, { insertions }) => words + insertions, 0),
    durationSeconds,
    seconds,
    /** Seconds of audio a second of work. */
    realTimeFactor: seconds === 0 ? null : Math.round((10 * durationSeconds) / seconds) / 10,
    segments: sum((recording) => recording.segments),
    cached: sum((recording) => recording.cached),
    fallbacks: sum((recording) => recording.fallbacks),
    escalated: sum((recording) => recording.escalated),
    findings: sum((recording) => recording.findings.length),
    failed,
  };
}
export type Summary = ReturnType<typeof summarize>;
