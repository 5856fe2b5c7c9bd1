import type { SegmentTranscript } from '../contract/transcript.ts';
import type { Loop } from './find-loop.ts';
import { saidWords } from './said-words.ts';

/** A text and where it stands, in seconds of the recording. */
export interface Cut {
  readonly startSeconds: number;
  readonly endSeconds: number;
  readonly text: string;
}

/**
 * A segment whose loop is said once, and what was cut; without word times that stands somewhere in the segment. Tokens
 * stay as they were decoded.
 */
export function cutLoop(
  segment: SegmentTranscript,
  { start, end, phraseWords }: Loop,
): { kept: SegmentTranscript; removed: Cut } {
  const lastKept = start + phraseWords - 1;
  const { words, text } = segment;
  if (words === undefined || words.length === 0) {
    const said = saidWords(text);
    const from = said[lastKept]!.end;
    const to = said[end - 1]!.end;
    const kept = { ...segment, text: text.slice(0, from) + text.slice(to) };
    return { kept, removed: { ...segment, text: text.slice(from, to) } };
  }
  // Which of the segment's words each said word stands in
  const places = words.flatMap((word, index) => saidWords(word.text).map(() => index));
  const from = places[lastKept]! + 1;
  const to = places[end] ?? words.length;
  const left = [...words.slice(0, from), ...words.slice(to)];
  const removed = words.slice(from, to);
  const textOf = (some: typeof words) => some.map((word) => word.text).join('');
  return {
    kept: { ...segment, words: left, text: textOf(left) },
    removed: {
      startSeconds: removed[0]?.startSeconds ?? segment.startSeconds,
      endSeconds: removed.at(-1)?.endSeconds ?? segment.endSeconds,
      text: textOf(removed),
    },
  };
}
