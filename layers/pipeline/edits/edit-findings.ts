import type { Finding } from '../contract/finding.ts';
import type { SegmentTranscript } from '../contract/transcript.ts';
import { editText } from './edit-text.ts';
import { requireBounded } from './require-bounded.ts';
import type { TextEdit } from './text-edit.ts';

/** The segments of a transcript, in the same order before and after its edits. */
export interface EditedSegments {
  readonly before: readonly SegmentTranscript[];
  readonly after: readonly SegmentTranscript[];
}

/**
 * The findings after each edit in turn. Four digits of a card are no card: a finding that holds a part of what an edit
 * changed shows what the transcript now says there.
 */
export function editFindings(
  findings: readonly Finding[],
  edits: readonly TextEdit[],
  { before, after }: EditedSegments,
): Finding[] {
  const changed = after.filter(({ text }, index) => text !== before[index]!.text);
  let characters = 0;
  return findings.map((finding) => {
    const text = editText(finding.text, edits);
    characters += text.length;
    requireBounded(characters, 'the rules');
    const around = changed.filter((segment) => finding.kind === 'doubtful' && isAt(segment, finding));
    const isShown = around.length === 0 || around.some((segment) => segment.text.includes(text));
    return { ...finding, text: isShown ? text : around.map((segment) => segment.text).join(' ') };
  });
}

function isAt({ channel, startSeconds, endSeconds }: SegmentTranscript, finding: Finding): boolean {
  return (
    channel === finding.channel && startSeconds <= finding.endSeconds && finding.startSeconds <= endSeconds
  );
}
