import { paddingShare } from './padding-share.ts';
import type { WaitingSegment } from './waiting-segment.ts';

export interface BatchBounds {
  readonly mostSegments: number;
  /** Of the batch's samples, 0 to 1. */
  readonly mostPadding: number;
}

/**
 * The next batch: first the oldest segment of the tenant that was served least, then, in turn, segments of all tenants that
 * can share its batch. What would pad it too much stays for another one. `waiting` is in the order of arrival and not
 * empty; `served` says what each of its tenants had so far.
 */
export function pickBatch<W extends WaitingSegment>(
  waiting: readonly W[],
  served: (tenant: string) => number,
  { mostSegments, mostPadding }: BatchBounds,
): W[] {
  const head = inTurns(waiting, served)[0]!;
  const fitting = inTurns(
    waiting.filter(({ group }) => group === head.group),
    served,
  );
  const batch = alikeInLength(fitting.slice(0, mostSegments), mostPadding);
  const lengths = batch.map(({ samples }) => samples);
  for (const segment of fitting.slice(mostSegments)) {
    if (batch.length >= mostSegments) break;
    if (paddingShare([...lengths, segment.samples]) > mostPadding) continue;
    batch.push(segment);
    lengths.push(segment.samples);
  }
  return batch;
}

/** All of them in the order in which they would be served: every tenant's own in order of arrival. */
function inTurns<W extends WaitingSegment>(waiting: readonly W[], served: (tenant: string) => number): W[] {
  const turns = new Map<string, number>();
  const placed = waiting.map((segment) => {
    const turn = turns.get(segment.tenant) ?? served(segment.tenant);
    turns.set(segment.tenant, turn + 1);
    return { segment, turn };
  });
  // Stable: within a turn, who came first goes first
  return placed.sort((a, b) => a.turn - b.turn).map(({ segment }) => segment);
}

/** The largest part that holds the first one and keeps to the padding that is allowed. */
function alikeInLength<W extends WaitingSegment>(segments: readonly W[], mostPadding: number): W[] {
  const sorted = [...segments].sort((a, b) => a.samples - b.samples);
  const head = sorted.indexOf(segments[0]!);
  let best = [segments[0]!];
  for (let from = 0; from <= head; from++) {
    for (let to = sorted.length; to > head && to - from > best.length; to--) {
      const part = sorted.slice(from, to);
      if (paddingShare(part.map(({ samples }) => samples)) <= mostPadding) best = part;
    }
  }
  return best;
}
