import type { SegmentTranscript, Transcript, Word } from '../contract/transcript.ts';
import { gapBetween, transcriptText } from '../transcripts/transcript-text.ts';
import { changePieces, type Piece } from './change-pieces.ts';
import { editText } from './edit-text.ts';
import type { TextChange, TextEdit } from './text-edit.ts';

/**
 * The transcript after each edit in turn: its text, that of its segments, and their words, which keep the time of
 * what they replace. What runs over the end of a segment is found too. A segment whose text changed has no tokens any
 * more, for they would still spell the old text.
 */
export function editTranscript(transcript: Transcript, edits: readonly TextEdit[]): Transcript {
  const gap = gapBetween(transcript);
  const segments = edits.reduce(
    (edited, edit) => editSegments(edited, edit, gap),
    transcript.segments as readonly SegmentTranscript[],
  );
  const whole = transcriptText(transcript) === transcript.text;
  return {
    ...transcript,
    // A text that is laid out in another way is edited by itself
    text: whole
      ? transcriptText({ ...transcript, segments: [...segments] })
      : editText(transcript.text, edits),
    segments: segments.map((segment) => withoutDropped(segment, edits)),
  };
}

function editSegments(
  segments: readonly SegmentTranscript[],
  edit: TextEdit,
  gap: string,
): readonly SegmentTranscript[] {
  const edited = [...segments];
  // Channels are spoken at once: each is a text of its own
  for (const channel of new Set(segments.map((segment) => segment.channel))) {
    const own = [...segments.keys()].filter((index) => segments[index]!.channel === channel);
    const changes = edit(own.map((index) => wordsText(segments[index]!)).join(gap));
    // In most recordings most rules find nothing
    if (changes.length === 0) continue;
    const pieces = piecesWithin(segments, own, changes, gap);
    const changed = changePieces([...pieces.values()].flat(), changes);
    for (const index of changed) edited[index] = rebuilt(segments[index]!, pieces.get(index)!);
  }
  return edited.map((segment, index) => withOwnText(segment, segments[index]!, edit));
}

/** The pieces of those segments that changes touch, by the segments' index: few, even where there are thousands. */
function piecesWithin(
  segments: readonly SegmentTranscript[],
  own: readonly number[],
  changes: readonly TextChange[],
  gap: string,
): Map<number, Piece[]> {
  const pieces = new Map<number, Piece[]>();
  let start = 0;
  let next = 0;
  for (const index of own) {
    const segment = segments[index]!;
    const end = start + wordsText(segment).length;
    while (next < changes.length && changes[next]!.end <= start) next++;
    if (next < changes.length && changes[next]!.start < end) {
      pieces.set(index, piecesOf(segment, index, start));
    }
    start = end + gap.length;
  }
  return pieces;
}

const wordsText = ({ text, words }: SegmentTranscript) =>
  words === undefined ? text : words.map((word) => word.text).join('');

function piecesOf(segment: SegmentTranscript, segmentIndex: number, start: number): Piece[] {
  const { text, endSeconds } = segment;
  let place = start;
  return (segment.words ?? [{ text, endSeconds, probability: 0 }]).map(
    ({ text, endSeconds, probability }) => {
      const { length } = text;
      const start = place;
      place += length;
      return {
        start,
        length,
        segmentIndex,
        text,
        endSeconds,
        probabilitySum: probability,
        probabilityCount: 1,
      };
    },
  );
}

function rebuilt(segment: SegmentTranscript, pieces: readonly Piece[]): SegmentTranscript {
  if (segment.words === undefined) return { ...segment, tokens: [], text: pieces[0]!.text.trim() };
  const words = segment.words.flatMap((word, index): Word[] => {
    const { text, endSeconds, probabilitySum, probabilityCount } = pieces[index]!;
    if (text.trim() === '') return [];
    return [{ ...word, text, endSeconds, probability: Math.min(1, probabilitySum / probabilityCount) }];
  });
  return { ...segment, tokens: [], text: spell(words), words };
}

/** Where the words were not the text, the text is edited by itself: neither may keep what was to go. */
function withOwnText(
  edited: SegmentTranscript,
  before: SegmentTranscript,
  edit: TextEdit,
): SegmentTranscript {
  if (before.words === undefined || spell(before.words) === before.text.trim()) return edited;
  const text = editText(before.text, [edit]);
  return { ...edited, text, tokens: text === before.text ? edited.tokens : [] };
}

const spell = (words: readonly Word[]) =>
  words
    .map((word) => word.text)
    .join('')
    .trim();

function withoutDropped(segment: SegmentTranscript, edits: readonly TextEdit[]): SegmentTranscript {
  if (segment.dropped === undefined) return segment;
  return { ...segment, dropped: { ...segment.dropped, text: editText(segment.dropped.text, edits) } };
}
