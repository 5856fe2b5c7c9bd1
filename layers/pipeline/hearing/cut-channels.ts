import type { Pcm } from '../ports.ts';

/** Positions count samples of 16 kHz; `endSample` is the first behind it. */
export interface SampleSpan {
  readonly startSample: number;
  readonly endSample: number;
}

/** A stretch of one channel, at most 30 s. Positions count samples of 16 kHz. */
export interface CutSegment {
  readonly startSample: number;
  readonly endSample: number;
  /** So many of its first samples were in the segment before, too. */
  readonly overlapSamples: number;
  /** Where a voice was heard, counted from the segment's start; undefined where nobody listened. */
  readonly speech: readonly SampleSpan[] | undefined;
  readonly pcm: Pcm;
}

/** Cuts audio where people pause; segments in order of time. */
export type Cut = (blocks: AsyncIterable<Pcm>) => AsyncIterable<CutSegment>;

export interface ChannelSegment extends CutSegment {
  readonly channel: number;
}

/**
 * Cuts each channel on its own. Goes on with the channel that is furthest behind, so that no more than a segment of each
 * waits in memory.
 */
export async function* cutChannels(
  blocks: AsyncIterable<readonly Pcm[]>,
  channels: number,
  cut: Cut,
): AsyncGenerator<ChannelSegment> {
  const source = blocks[Symbol.asyncIterator]();
  const waiting: Pcm[][] = Array.from({ length: channels }, () => []);

  async function* blocksOf(channel: number): AsyncGenerator<Pcm> {
    for (;;) {
      const next = waiting[channel]!.shift();
      if (next !== undefined) {
        yield next;
        continue;
      }
      const { done, value } = await source.next();
      if (done) return;
      for (const [index, queue] of waiting.entries()) queue.push(value[index]!);
    }
  }

  const running = waiting.map((_, channel) => ({
    channel,
    segments: cut(blocksOf(channel))[Symbol.asyncIterator](),
    doneSamples: 0,
  }));
  try {
    while (running.length > 0) {
      const behind = running.reduce((a, b) => (b.doneSamples < a.doneSamples ? b : a));
      const { done, value } = await behind.segments.next();
      if (done) {
        running.splice(running.indexOf(behind), 1);
        continue;
      }
      behind.doneSamples = value.endSample;
      yield { ...value, channel: behind.channel };
    }
  } finally {
    await source.return?.();
  }
}
