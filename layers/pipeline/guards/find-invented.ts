import type { Finding, FindingReason } from '../contract/finding.ts';
import type { DropReason, SegmentTranscript } from '../contract/transcript.ts';
import { type Cut, cutLoop } from './cut-loop.ts';
import { doubtfulWords } from './doubtful-words.ts';
import { defaultGuardRules, type GuardRules } from './guard-rules.ts';
import { sameNeighbours } from './same-neighbours.ts';
import { type SpeechSpan, signsOf } from './signs-of.ts';

export interface InventedOptions {
  /** Where a voice-activity detector heard people, in all channels; undefined where none ran. */
  readonly speech?: readonly SpeechSpan[] | undefined;
  /** @default defaultGuardRules */
  readonly rules?: Partial<GuardRules> | undefined;
}

export interface Guarded {
  /** As given; a text that was dropped is empty, a loop is cut to its first time. */
  readonly segments: SegmentTranscript[];
  /** Every decision, in the order of the segments. */
  readonly findings: Finding[];
}

/**
 * Looks for text that nobody said. One sign alone makes it doubtful and leaves it: only two that do not depend on each
 * other (what the voice detector heard, what the model believed, what the text looks like, how fast it is) drop it.
 * Takes segments in order of time, in seconds of the recording, before they are merged.
 */
export function findInvented(segments: readonly SegmentTranscript[], options: InventedOptions = {}): Guarded {
  const rules: GuardRules = { ...defaultGuardRules, ...options.rules };
  const same = sameNeighbours(segments, rules.maxSameNeighbours);
  const findings: Finding[] = [];
  const kept = segments.map((segment) => {
    const note = (kind: Finding['kind'], reason: FindingReason, span: Cut = segment) =>
      findings.push(findingOf(segment, kind, reason, span));
    if (segment.text.trim() === '') {
      const { dropped } = segment;
      if (dropped !== undefined) note('dropped', dropped.reason, { ...segment, text: dropped.text });
      return segment;
    }
    const whole = signsOf(segment, options.speech, rules);
    const isSame = same.has(segment);
    const odd = whole.isTooFast || isSame || whole.loop !== undefined;
    if (whole.isVoiceless && (whole.unlikely || odd || whole.bag !== undefined)) return drop('no-voice');
    if (whole.bag === 'credit' && whole.unlikely) return drop('bag-phrase');

    const isLoopInvented = whole.loop !== undefined && (whole.unlikely !== undefined || whole.isTooFast);
    const cut = whole.loop && cutLoop(segment, whole.loop);
    if (cut !== undefined) note(isLoopInvented ? 'dropped' : 'doubtful', 'repetition', cut.removed);
    const rest = isLoopInvented && cut !== undefined ? cut.kept : segment;
    const signs = rest === segment ? whole : signsOf(rest, options.speech, rules);
    if (signs.isTooFast && signs.unlikely) return drop('words-per-second', rest);
    if (isSame && (signs.unlikely || signs.isTooFast)) return drop('repeated-phrase', rest);

    if (signs.isVoiceless) note('doubtful', 'no-voice', rest);
    if (signs.bag === 'credit') note('doubtful', 'bag-phrase', rest);
    if (signs.isTooFast || signs.isFasterThanVoice) note('doubtful', 'words-per-second', rest);
    if (isSame) note('doubtful', 'repeated-phrase', rest);
    if (signs.unlikely) note('doubtful', signs.unlikely, rest);
    else
      for (const span of doubtfulWords(rest, rules.wordProbability))
        note('doubtful', 'low-probability', span);
    return rest;

    function drop(reason: DropReason, { text } = segment): SegmentTranscript {
      note('dropped', reason, { ...segment, text });
      const words = segment.words && { words: [] };
      return { ...segment, text: '', tokens: [], ...words, dropped: { reason, text: text.trim() } };
    }
  });
  return { segments: kept, findings };
}

function findingOf(
  { channel }: SegmentTranscript,
  kind: Finding['kind'],
  reason: FindingReason,
  { startSeconds, endSeconds, text }: Cut,
): Finding {
  const where = channel === undefined ? {} : { channel };
  return { kind, reason, startSeconds, endSeconds, text: text.trim(), ...where };
}
