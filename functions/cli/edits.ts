import { readFile } from 'node:fs/promises';
import { editFindings } from '@murmuration/pipeline/edits/edit-findings';
import { editTranscript } from '@murmuration/pipeline/edits/edit-transcript';
import { redact } from '@murmuration/pipeline/edits/redact';
import { parseReplaceRules } from '@murmuration/pipeline/edits/replace';
import type { TextEdit } from '@murmuration/pipeline/edits/text-edit';
import { MurmurationError } from '@murmuration/pipeline/errors';
import type { RecordingTranscribed } from '@murmuration/pipeline/steps/transcribe-recording';

export interface EditOptions {
  /** JSON file of rules. */
  readonly replace?: string;
  /** Kinds of private data. */
  readonly redact?: readonly string[];
  readonly phoneCountry?: string;
}

/** What is to be changed in every transcript, replacements first. Throws `file-not-found` and `invalid-argument`. */
export async function openEdits({ replace, redact: kinds, phoneCountry }: EditOptions): Promise<TextEdit[]> {
  const rules = replace === undefined ? [] : parseReplaceRules(await readRules(replace));
  return [...rules, ...(kinds === undefined ? [] : redact(kinds, { phoneCountry }))];
}

/** The recording's transcript and findings after the edits: what was redacted stands nowhere. */
export function editRecording(
  recording: RecordingTranscribed,
  edits: readonly TextEdit[],
): RecordingTranscribed {
  if (edits.length === 0) return recording;
  const transcript = editTranscript(recording.transcript, edits);
  const segments = { before: recording.transcript.segments, after: transcript.segments };
  return { ...recording, transcript, findings: editFindings(recording.findings, edits, segments) };
}

function readRules(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new MurmurationError(
      'file-not-found',
      `cannot read the rules "${path}" (${cause.code}): check the path`,
      {
        cause,
      },
    );
  });
}
