import type { Finding } from '../contract/finding.ts';
import type { SegmentTranscript } from '../contract/transcript.ts';
import { defaultGuardRules, type GuardRules } from './guard-rules.ts';
import { judgeSegment } from './judge-segment.ts';
import { sameNeighbours } from './same-neighbours.ts';
import type { SpeechSpan } from './signs-of.ts';

export interface InventedOptions {
  /** Where a voice-activity detector heard people, in all channels; undefined where none ran. */
  readonly speech?: readonly SpeechSpan[] | undefined;
  /** @default defaultGuardRules */
  readonly rules?: Partial<GuardRules> | undefined;
}

export interface Guarded {
  /** As given; a text that was dropped is empty, a loop is cut to its first time, words far from any voice are gone. */
  readonly segments: SegmentTranscript[];
  /** Every decision, in the order of the segments. */
  readonly findings: Finding[];
}

/**
 * Looks for text that nobody said. One sign alone makes it doubtful and leaves it: only two that do not depend on each
 * other (what the voice detector heard, what the model believed, what the text looks like, how fast it is) drop it.
 * Takes segments in order of time, in seconds of the recording, before they are merged.
 */
export function findInvented(
  segments: readonly SegmentTranscript[],
  { speech, rules: given }: InventedOptions = {},
): Guarded {
  const rules: GuardRules = { ...defaultGuardRules, ...given };
  const repeated = sameNeighbours(segments, rules.maxSameNeighbours);
  const judged = segments.map((segment) =>
    judgeSegment(segment, { speech, rules, isRepeated: repeated.has(segment) }),
  );
  return {
    segments: judged.map(({ segment }) => segment),
    findings: judged.flatMap(({ findings }) => findings),
  };
}
