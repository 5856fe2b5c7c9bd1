import type { Finding } from '../contract/finding.ts';
import type { Transcript } from '../contract/transcript.ts';
import { editFindings } from './edit-findings.ts';
import { editTranscript } from './edit-transcript.ts';
import type { TextEdit } from './text-edit.ts';

interface Edited {
  readonly transcript: Transcript;
  /** Text that was left out, and text to be doubted. */
  readonly findings: readonly Finding[];
}

/** The recording's transcript and findings after the edits: what was redacted stands nowhere. Throws what edits throw. */
export function editRecording<Recording extends Edited>(
  recording: Recording,
  edits: readonly TextEdit[],
): Recording {
  if (edits.length === 0) return recording;
  const transcript = editTranscript(recording.transcript, edits);
  const segments = { before: recording.transcript.segments, after: transcript.segments };
  return { ...recording, transcript, findings: editFindings(recording.findings, edits, segments) };
}
