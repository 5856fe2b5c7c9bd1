import type { SegmentTranscript, Transcript, Word } from '../contract/transcript.ts';
import { breakLines, lineText } from './break-lines.ts';
import { type Caption, type CaptionRules, defaultCaptionRules } from './caption.ts';
import { type CaptionDraft, captionsInTime } from './captions-in-time.ts';
import { estimateWords } from './estimate-words.ts';
import { groupWords } from './group-words.ts';

/**
 * Captions of a transcript, in order of their start; those of one channel never overlap. Each word stands in exactly
 * one caption, whole. A segment without words is one caption, or several at estimated times where it needs more lines
 * than the rules allow.
 */
export function buildCaptions(
  transcript: Omit<Transcript, 'text'>,
  rules: Partial<CaptionRules> = {},
): Caption[] {
  const all = { ...defaultCaptionRules, ...rules };
  const channels = new Map<number | undefined, SegmentTranscript[]>();
  for (const segment of transcript.segments) {
    const channel = channels.get(segment.channel);
    if (channel === undefined) channels.set(segment.channel, [segment]);
    else channel.push(segment);
  }
  const captions = [...channels].flatMap(([channel, segments]) =>
    captionsInTime(draftsOf(segments, channel, all), transcript.durationSeconds, all),
  );
  return channels.size < 2 ? captions : captions.sort((a, b) => a.startSeconds - b.startSeconds);
}

function draftsOf(
  segments: readonly SegmentTranscript[],
  channel: number | undefined,
  rules: CaptionRules,
): CaptionDraft[] {
  const where = channel === undefined ? {} : { channel };
  const labelCharacters = channel === undefined ? 0 : [...rules.labelOf(channel)].length;
  const drafts: CaptionDraft[] = [];
  let words: Word[] = [];
  const flush = () => {
    for (const group of groupWords(inOrder(words), rules, labelCharacters)) {
      drafts.push({ ...draftOf(group, rules, labelCharacters), maxSeconds: rules.maxSeconds, ...where });
    }
    words = [];
  };
  for (const segment of segments) {
    const spoken = tidy(segment.words ?? []);
    if (spoken.length > 0) {
      words.push(...spoken);
    } else if (segment.text.trim() !== '') {
      flush();
      drafts.push(...draftsOfText(segment, rules, labelCharacters).map((draft) => ({ ...draft, ...where })));
    }
  }
  flush();
  return drafts;
}

/** Without line feeds and other control characters: they would end a caption in every text format. */
function tidy(words: readonly Word[]): Word[] {
  return words
    .map((word) => ({ ...word, text: word.text.replace(/[\s\p{Cc}]+/gu, ' ') }))
    .filter((word) => word.text.trim() !== '');
}

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

function draftOf(words: readonly Word[], rules: CaptionRules, labelCharacters: number): Caption {
  const lines = breakLines(words, rules.maxLineCharacters, labelCharacters);
  return {
    startSeconds: words[0]!.startSeconds,
    endSeconds: words.at(-1)!.endSeconds,
    text: lineText(words),
    lines: lines.map((line) => ({ text: lineText(line), words: line })),
  };
}

function draftsOfText(
  segment: SegmentTranscript,
  rules: CaptionRules,
  labelCharacters: number,
): CaptionDraft[] {
  const estimated = tidy(estimateWords(segment));
  // Nothing to show: control characters alone
  if (estimated.length === 0) return [];
  // No times are claimed that nobody measured
  const untimed = (draft: Caption) => ({
    ...draft,
    lines: draft.lines.map(({ text }) => ({ text, words: [] })),
  });
  const whole = draftOf(estimated, rules, labelCharacters);
  if (whole.lines.length <= rules.maxLines) {
    return [{ ...untimed(whole), maxSeconds: Number.POSITIVE_INFINITY }];
  }
  return groupWords(estimated, rules, labelCharacters).map((group) => ({
    ...untimed(draftOf(group, rules, labelCharacters)),
    maxSeconds: rules.maxSeconds,
  }));
}
