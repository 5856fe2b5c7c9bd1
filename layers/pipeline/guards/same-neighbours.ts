import type { SegmentTranscript } from '../contract/transcript.ts';
import { saidWords } from './said-words.ts';

// "Yes." three times in a row is a conversation; whole sentences are not
const MIN_WORDS = 3;

/** Segments that stand in a row of at least `times` of one channel which all say the same; silent ones are passed over. */
export function sameNeighbours(
  segments: readonly SegmentTranscript[],
  times: number,
): Set<SegmentTranscript> {
  const runs = new Map<number | undefined, { said: string; members: SegmentTranscript[] }>();
  const found = new Set<SegmentTranscript>();
  for (const segment of segments) {
    const words = saidWords(segment.text);
    if (words.length === 0) continue;
    const said = words.map((word) => word.normal).join(' ');
    const run = runs.get(segment.channel);
    if (run === undefined || run.said !== said) {
      runs.set(segment.channel, { said, members: [segment] });
      continue;
    }
    run.members.push(segment);
    if (run.members.length >= times && words.length >= MIN_WORDS) {
      for (const member of run.members) found.add(member);
    }
  }
  return found;
}
