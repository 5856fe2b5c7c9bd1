import type { SegmentTranscript, Word } from '../contract/transcript.ts';
import { unspacedLanguages } from '../contract/unspaced-languages.ts';
import { middleOf } from './align-words.ts';
import { keepOnce } from './keep-once.ts';
import { mergeOverlapText } from './merge-overlap-text.ts';

// Words are placed to about 0.1 s; a word this near to the overlap may have been heard by both
const SLACK_SECONDS = 0.2;

/**
 * Two neighbours of one channel, where `after` heard its first `overlapSeconds` a second time: each word in one of them,
 * and no time in both. Tokens stay as they were decoded.
 */
export function mergeOverlap(
  before: SegmentTranscript,
  after: SegmentTranscript,
  overlapSeconds: number,
  task: 'transcribe' | 'translate' = 'transcribe',
): [SegmentTranscript, SegmentTranscript] {
  const isSilent = (segment: SegmentTranscript) => segment.text.trim() === '';
  if (isSilent(before)) return endAt(before, after, after.startSeconds);
  if (isSilent(after)) return endAt(before, after, before.endSeconds);
  const seamSeconds = after.startSeconds + overlapSeconds / 2;
  const isUnspaced = task === 'transcribe' && unspacedLanguages.has(after.language);
  if (before.words?.length && after.words?.length) {
    const endSeconds = after.startSeconds + overlapSeconds;
    const both = { startSeconds: after.startSeconds, endSeconds };
    const [early, late] = divideWords(before.words, spaced(after.words, isUnspaced), both);
    const border = Math.max(
      early.at(-1)?.endSeconds ?? 0,
      Math.min(seamSeconds, late[0]?.startSeconds ?? seamSeconds),
    );
    return endAt(withWords(before, early), withWords(after, late), border);
  }
  const [early, late] = mergeOverlapText(
    before.text,
    after.text,
    overlapSeconds,
    isUnspaced ? 'unspaced' : 'spaced',
  );
  return endAt({ ...before, text: early }, { ...after, text: late }, seamSeconds);
}

function divideWords(
  before: readonly Word[],
  after: readonly Word[],
  both: { startSeconds: number; endSeconds: number },
): [Word[], Word[]] {
  const seamSeconds = (both.startSeconds + both.endSeconds) / 2;
  const tailStart = indexOr(before, (word) => word.endSeconds > both.startSeconds - SLACK_SECONDS);
  const headEnd = indexOr(after, (word) => word.startSeconds >= both.endSeconds + SLACK_SECONDS);
  const kept = keepOnce(before.slice(tailStart), after.slice(0, headEnd), seamSeconds);
  const division = indexOr(kept, (word) => middleOf(word) >= seamSeconds);
  return [
    [...before.slice(0, tailStart), ...kept.slice(0, division)],
    [...kept.slice(division), ...after.slice(headEnd)],
  ];
}

function indexOr(words: readonly Word[], found: (word: Word) => boolean): number {
  const index = words.findIndex(found);
  return index < 0 ? words.length : index;
}

/** The first word of a segment may lack the space that it needs behind another one's. */
function spaced(words: readonly Word[], isUnspaced: boolean): Word[] {
  return words.map((word, index) =>
    index > 0 || isUnspaced || /^\s/u.test(word.text) ? word : { ...word, text: ` ${word.text}` },
  );
}

function withWords(segment: SegmentTranscript, words: Word[]): SegmentTranscript {
  const old = segment.words ?? [];
  const isSame = words.length === old.length && words.every((word, index) => word === old[index]);
  return isSame ? segment : { ...segment, words, text: words.map((word) => word.text).join('') };
}

function endAt(
  before: SegmentTranscript,
  after: SegmentTranscript,
  seconds: number,
): [SegmentTranscript, SegmentTranscript] {
  return [
    { ...before, endSeconds: Math.max(before.startSeconds, Math.min(before.endSeconds, seconds)) },
    { ...after, startSeconds: Math.min(after.endSeconds, Math.max(after.startSeconds, seconds)) },
  ];
}
