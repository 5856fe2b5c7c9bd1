import type { SegmentTranscript, Transcript, Word } from '../contract/transcript.ts';
import { breakLines, lineText, type Piece } from './break-lines.ts';
import { type Caption, type CaptionLine, type CaptionRules, defaultCaptionRules } from './caption.ts';
import { groupWords } from './group-words.ts';

interface Draft {
  readonly startSeconds: number;
  readonly endSeconds: number;
  readonly maxSeconds: number;
  readonly lines: readonly CaptionLine[];
}

/**
 * Captions of a transcript, in order, never overlapping. Each word stands in exactly one caption, whole. A
 * segment without words becomes one caption, however long.
 */
export function buildCaptions(transcript: Transcript, rules: CaptionRules = defaultCaptionRules): Caption[] {
  const drafts: Draft[] = [];
  let words: Word[] = [];
  const flush = () => {
    for (const group of groupWords(inOrder(words), rules)) drafts.push(draftOf(group, rules));
    words = [];
  };
  for (const segment of transcript.segments) {
    const spoken = (segment.words ?? []).map(tidy).filter((word) => word.text.trim() !== '');
    if (spoken.length > 0) {
      words.push(...spoken);
    } else if (segment.text.trim() !== '') {
      flush();
      drafts.push(draftOfSegment(segment, rules));
    }
  }
  flush();
  return inTime(drafts, transcript.durationSeconds, rules);
}

// A line feed inside a word would end a caption in every text format.
const tidy = (word: Word): Word => ({ ...word, text: word.text.replace(/\s+/gu, ' ') });

/** Words whose starts never run backwards and whose ends never pass the next start. */
function inOrder(words: readonly Word[]): Word[] {
  let clock = 0;
  const starts = words.map((word) => (clock = Math.max(clock, word.startSeconds)));
  return words.map((word, index) => {
    const startSeconds = starts[index]!;
    const limit = starts[index + 1] ?? Number.POSITIVE_INFINITY;
    return { ...word, startSeconds, endSeconds: Math.min(Math.max(word.endSeconds, startSeconds), limit) };
  });
}

function draftOf(words: readonly Word[], rules: CaptionRules): Draft {
  const lines = breakLines(words, rules.maxLineCharacters).map((line) => ({
    text: lineText(line),
    words: line,
  }));
  const startSeconds = words[0]!.startSeconds;
  return { startSeconds, endSeconds: words.at(-1)!.endSeconds, maxSeconds: rules.maxSeconds, lines };
}

function draftOfSegment(segment: SegmentTranscript, rules: CaptionRules): Draft {
  const pieces: Piece[] = segment.text
    .trim()
    .split(/(?=\s)/u)
    .map((text) => ({ text: text.replace(/\s+/gu, ' ') }))
    .filter((piece) => piece.text.trim() !== '');
  const lines = breakLines(pieces, rules.maxLineCharacters).map((line) => ({
    text: lineText(line),
    words: [],
  }));
  const { startSeconds, endSeconds } = segment;
  return { startSeconds, endSeconds, maxSeconds: Number.POSITIVE_INFINITY, lines };
}

/** Sets the times to whole milliseconds, holds short captions while there is room, and lets none overlap. */
function inTime(drafts: readonly Draft[], durationSeconds: number, rules: CaptionRules): Caption[] {
  let clock = 0;
  return drafts.map((draft, index) => {
    const start = Math.max(clock, Math.round(draft.startSeconds * 1000));
    const limit = Math.round((drafts[index + 1]?.startSeconds ?? durationSeconds) * 1000);
    const wanted = Math.max(Math.round(draft.endSeconds * 1000), start + rules.minSeconds * 1000);
    // At least 1 ms: players refuse a caption that ends when it starts.
    clock = Math.max(start + 1, Math.min(wanted, limit, start + draft.maxSeconds * 1000));
    return { startSeconds: start / 1000, endSeconds: clock / 1000, lines: draft.lines };
  });
}
