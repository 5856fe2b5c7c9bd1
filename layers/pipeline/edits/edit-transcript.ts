import type { SegmentTranscript, Transcript, Word } from '../contract/transcript.ts';
import { unspacedLanguages } from '../contract/unspaced-languages.ts';
import { changePieces, type Piece } from './change-pieces.ts';
import { editText } from './edit-text.ts';
import type { TextEdit } from './text-edit.ts';

/**
 * The transcript after each edit in turn: its text, that of its segments, and their words, which keep the time of
 * what they replace. What runs over the end of a segment is found too. A segment whose text changed has no tokens any
 * more, for they would still spell the old text.
 */
export function editTranscript(transcript: Transcript, edits: readonly TextEdit[]): Transcript {
  const gap = gapOf(transcript);
  const segments = edits.reduce(
    (edited, edit) => editSegments(edited, edit, gap),
    transcript.segments as readonly SegmentTranscript[],
  );
  const whole = joined(transcript.segments, gap) === transcript.text;
  return {
    ...transcript,
    // A text that is laid out in another way is edited by itself
    text: whole ? joined(segments, gap) : editText(transcript.text, edits),
    segments: segments.map((segment) => withoutDropped(segment, edits)),
  };
}

/** As `joinSegments` writes it: a translation is English, whatever was spoken. */
function gapOf({ task, language }: Transcript): string {
  return task === 'transcribe' && unspacedLanguages.has(language) ? '' : ' ';
}

function joined(segments: readonly SegmentTranscript[], gap: string): string {
  const texts = segments.map((segment) => segment.text.trim()).filter((text) => text !== '');
  return texts.join(gap);
}

function editSegments(
  segments: readonly SegmentTranscript[],
  edit: TextEdit,
  gap: string,
): readonly SegmentTranscript[] {
  const edited = [...segments];
  // Channels are spoken at once: each is a text of its own
  for (const channel of new Set(segments.map((segment) => segment.channel))) {
    const pieces: Piece[] = [];
    const piecesBySegment = new Map<number, Piece[]>();
    let text = '';
    for (const [index, segment] of segments.entries()) {
      if (segment.channel !== channel) continue;
      if (text !== '') text += gap;
      const own = [...piecesOf(segment, index, text.length)];
      piecesBySegment.set(index, own);
      pieces.push(...own);
      text += own.map((piece) => piece.text).join('');
    }
    const changed = changePieces(pieces, edit(text));
    for (const index of changed) {
      edited[index] = rebuilt(segments[index]!, piecesBySegment.get(index)!, edit);
    }
  }
  return edited;
}

function* piecesOf(segment: SegmentTranscript, segmentIndex: number, start: number): Generator<Piece> {
  const { text, endSeconds } = segment;
  const spoken = segment.words ?? [{ text, endSeconds, probability: 0 }];
  for (const { text, endSeconds, probability } of spoken) {
    const { length } = text;
    yield { start, length, segmentIndex, text, endSeconds, probabilitySum: probability, probabilityCount: 1 };
    start += length;
  }
}

function rebuilt(segment: SegmentTranscript, pieces: readonly Piece[], edit: TextEdit): SegmentTranscript {
  if (segment.words === undefined) return { ...segment, tokens: [], text: pieces[0]!.text.trim() };
  const words = segment.words.flatMap((word, index): Word[] => {
    const { text, endSeconds, probabilitySum, probabilityCount } = pieces[index]!;
    if (text.trim() === '') return [];
    return [{ ...word, text, endSeconds, probability: Math.min(1, probabilitySum / probabilityCount) }];
  });
  // Where the words are not the text, neither may keep what was to go
  const text = spell(segment.words) === segment.text.trim() ? spell(words) : editText(segment.text, [edit]);
  return { ...segment, tokens: [], text, words };
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
