import type { Finding, FindingReason } from '../contract/finding.ts';
import type { DropReason, SegmentTranscript } from '../contract/transcript.ts';
import { type Cut, cutLoop } from './cut-loop.ts';
import { doubtfulWords } from './doubtful-words.ts';
import type { GuardRules } from './guard-rules.ts';
import { type Signs, type SpeechSpan, signsOf } from './signs-of.ts';
import { voicelessWords } from './voiceless-words.ts';

/** What is known beside the segment itself. */
export interface Evidence {
  readonly speech: readonly SpeechSpan[] | undefined;
  /** Its neighbours say exactly the same. */
  readonly isRepeated: boolean;
  readonly rules: GuardRules;
}

export interface Judged {
  readonly segment: SegmentTranscript;
  readonly findings: Finding[];
}

/** Leaves out what two independent signs speak against, notes what one does; see `findInvented`. */
export function judgeSegment(given: SegmentTranscript, evidence: Evidence): Judged {
  const findings: Finding[] = [];
  const note = (kind: Finding['kind'], reason: FindingReason, { startSeconds, endSeconds, text }: Cut) => {
    const where = given.channel === undefined ? {} : { channel: given.channel };
    findings.push({ kind, reason, startSeconds, endSeconds, text: text.trim(), ...where });
  };
  if (given.text.trim() === '') {
    const { dropped } = given;
    if (dropped !== undefined) note('dropped', dropped.reason, { ...given, text: dropped.text });
    return { segment: given, findings };
  }
  const { speech, rules, isRepeated } = evidence;
  const whole = signsOf(given, speech, rules);
  const isLoopInvented = whole.loop !== undefined && (whole.unlikely !== undefined || whole.isTooFast);
  let segment = given;
  if (whole.loop !== undefined && dropReason(whole, isRepeated) === undefined) {
    const { kept, removed } = cutLoop(given, whole.loop);
    note(isLoopInvented ? 'dropped' : 'doubtful', 'repetition', removed);
    if (isLoopInvented) segment = kept;
  }
  const signs = segment === given ? whole : signsOf(segment, speech, rules);
  const reason = dropReason(signs, isRepeated);
  if (reason !== undefined) {
    note('dropped', reason, segment);
    return { segment: withoutText(segment, reason), findings };
  }
  if (signs.isVoiceless) note('doubtful', 'no-voice', segment);
  if (signs.bag === 'credit') note('doubtful', 'bag-phrase', segment);
  if (signs.isTooFast || signs.isFasterThanVoice) note('doubtful', 'words-per-second', segment);
  if (isRepeated) note('doubtful', 'repeated-phrase', segment);
  if (signs.unlikely) note('doubtful', signs.unlikely, segment);
  if (speech !== undefined && !signs.isVoiceless) {
    const { kept, dropped, doubtful } = voicelessWords(segment, speech, rules);
    for (const run of dropped) note('dropped', 'no-voice', run);
    for (const run of doubtful) note('doubtful', 'no-voice', run);
    segment = kept;
  }
  if (!signs.unlikely) {
    for (const run of doubtfulWords(segment, rules.wordProbability)) note('doubtful', 'low-probability', run);
  }
  return { segment, findings };
}

/** Why the whole text goes: two signs that do not depend on each other. */
function dropReason(signs: Signs, isRepeated: boolean): DropReason | undefined {
  const isUnlikely = signs.unlikely !== undefined;
  const isOdd = signs.isTooFast || isRepeated || signs.loop !== undefined || signs.bag !== undefined;
  if (signs.isVoiceless && (isUnlikely || isOdd)) return 'no-voice';
  if (signs.bag === 'credit' && isUnlikely) return 'bag-phrase';
  // A loop is cut instead: what it says the first time may be real
  if (signs.loop !== undefined) return undefined;
  if (signs.isTooFast && isUnlikely) return 'words-per-second';
  return isRepeated && (isUnlikely || signs.isTooFast) ? 'repeated-phrase' : undefined;
}

function withoutText(segment: SegmentTranscript, reason: DropReason): SegmentTranscript {
  const words = segment.words && { words: [] };
  return { ...segment, text: '', tokens: [], ...words, dropped: { reason, text: segment.text.trim() } };
}
