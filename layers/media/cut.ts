import { type Pcm, SAMPLE_RATE_HERTZ } from '@murmuration/pipeline/ports';
import { quietestSample } from './quietest-sample.ts';

/** The engine takes 30 s; a recording that fits is never cut. */
const WHOLE_SAMPLES = 30 * SAMPLE_RATE_HERTZ;
/** 28 s, not 30: leaves room for 1 s of overlap on both sides. */
const LONGEST_SAMPLES = 28 * SAMPLE_RATE_HERTZ;
/** Longer than half a segment, so that a late pause is preferred to many short segments. */
const EARLIEST_CUT_SAMPLES = 15 * SAMPLE_RATE_HERTZ;
/** Whisper does badly with less than this. */
const SHORTEST_LAST_SAMPLES = 3 * SAMPLE_RATE_HERTZ;

/** A stretch of a recording; positions count samples of 16 kHz from its start. */
export interface PcmSegment {
  readonly startSample: number;
  /** The first sample after the segment. */
  readonly endSample: number;
  readonly pcm: Pcm;
}

/** Picks where to cut: a sample in `pcm`, at least `earliest` and at most `latest`. */
export type ChooseCut = (pcm: Pcm, earliest: number, latest: number) => number | Promise<number>;

/**
 * Cuts a recording where it is quiet. Every sample is in exactly one segment, in order; segments have 15 to 28 s, the
 * last one at least 3 s unless the recording is shorter, and a recording of up to 30 s is one segment. Holds 31 s.
 */
export async function* cut(
  blocks: AsyncIterable<Pcm> | Iterable<Pcm>,
  { chooseCut = quietestSample }: { chooseCut?: ChooseCut } = {},
): AsyncGenerator<PcmSegment> {
  // As much as this is held before a cut, so that whatever follows the cut is long enough to be the last segment.
  const held = new Float32Array(LONGEST_SAMPLES + SHORTEST_LAST_SAMPLES);
  let filled = 0;
  let startSample = 0;

  function take(samples: number): PcmSegment {
    const segment = { startSample, endSample: startSample + samples, pcm: held.slice(0, samples) };
    held.copyWithin(0, samples, filled);
    filled -= samples;
    startSample += samples;
    return segment;
  }

  for await (const block of blocks) {
    for (let read = 0; read < block.length; ) {
      if (filled === held.length) yield take(await chooseCut(held, EARLIEST_CUT_SAMPLES, LONGEST_SAMPLES));
      const part = block.subarray(read, read + held.length - filled);
      held.set(part, filled);
      filled += part.length;
      read += part.length;
    }
  }
  if (filled > (startSample === 0 ? WHOLE_SAMPLES : LONGEST_SAMPLES)) {
    yield take(
      await chooseCut(held.subarray(0, filled), EARLIEST_CUT_SAMPLES, filled - SHORTEST_LAST_SAMPLES),
    );
  }
  if (filled > 0) yield take(filled);
}
