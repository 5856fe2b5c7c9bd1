import { type Pcm, SAMPLE_RATE_HERTZ } from '@murmuration/pipeline/ports';
import { quietestSample } from './quietest-sample.ts';
import type { SpeechSpan } from './voice/find-speech.ts';
import type { VoiceDetector } from './voice/voice.ts';
import { voiceTrack } from './voice/voice-track.ts';

/** The engine takes 30 s; a recording that fits is never cut. */
const WHOLE_SAMPLES = 30 * SAMPLE_RATE_HERTZ;
/** 28 s, not 30: what is heard at the very end of 30 s is often half a word. */
const LONGEST_SAMPLES = 28 * SAMPLE_RATE_HERTZ;
/** Longer than half a segment, so that a late pause is preferred to many short segments. */
const EARLIEST_CUT_SAMPLES = 15 * SAMPLE_RATE_HERTZ;
/** Whisper does badly with less than this. */
const SHORTEST_LAST_SAMPLES = 3 * SAMPLE_RATE_HERTZ;
/** Within speech, a cut as late as can be wastes least; somewhere in 6 s there is a gap between two words. */
const SPEECH_CUT_SAMPLES = 6 * SAMPLE_RATE_HERTZ;
/** On each side of a cut within speech: a long word. */
const HALF_OVERLAP_SAMPLES = SAMPLE_RATE_HERTZ / 2;

/** A stretch of a recording; positions count samples of 16 kHz from its start. */
export interface PcmSegment {
  readonly startSample: number;
  /** The first sample after the segment. */
  readonly endSample: number;
  /** So many of its first samples were in the segment before, too. */
  readonly overlapSamples: number;
  /** Where a voice was heard, counted from the segment's start; undefined where nobody listened. */
  readonly speech: readonly SpeechSpan[] | undefined;
  readonly pcm: Pcm;
}

export interface CutOptions {
  /** Tells pauses from quiet speech and from noise. @default cuts where it is quiet */
  readonly voice?: VoiceDetector | undefined;
}

/**
 * Cuts a recording where people pause: segments of 15 to 28 s, the last one at least 3 s unless the recording is
 * shorter, and a recording of up to 30 s is one segment. All audio is kept, in order, each sample in one segment; only
 * with `voice`, where speech goes on without a pause of 100 ms, 1 s around the cut is in both. Holds 31 s.
 */
export async function* cut(
  blocks: AsyncIterable<Pcm> | Iterable<Pcm>,
  { voice }: CutOptions = {},
): AsyncGenerator<PcmSegment> {
  // As much as this is held before a cut, so that whatever follows the cut is long enough to be the last segment.
  const held = new Float32Array(LONGEST_SAMPLES + SHORTEST_LAST_SAMPLES);
  const track = voice && voiceTrack(voice);
  let filled = 0;
  let startSample = 0;
  let overlapSamples = 0;

  function cutBefore(latest: number): PcmSegment {
    const pause = track
      ? track.middleOfPause(startSample + EARLIEST_CUT_SAMPLES, startSample + latest)
      : startSample + quietestSample(held, EARLIEST_CUT_SAMPLES, latest);
    if (pause !== undefined) return take(pause - startSample);
    const latestMiddle = latest - HALF_OVERLAP_SAMPLES;
    return take(quietestSample(held, latestMiddle - SPEECH_CUT_SAMPLES, latestMiddle), HALF_OVERLAP_SAMPLES);
  }

  /** Ends a segment so much after `middle`, and starts the next so much before. */
  function take(middle: number, halfOverlap = 0): PcmSegment {
    const samples = middle + halfOverlap;
    const endSample = startSample + samples;
    const speech = track?.speech(startSample, endSample);
    const segment = { startSample, endSample, overlapSamples, speech, pcm: held.slice(0, samples) };
    overlapSamples = 2 * halfOverlap;
    held.copyWithin(0, samples - overlapSamples, filled);
    filled -= samples - overlapSamples;
    startSample = endSample - overlapSamples;
    track?.forget(startSample);
    return segment;
  }

  for await (const block of blocks) {
    for (let read = 0; read < block.length; ) {
      if (filled === held.length) yield cutBefore(LONGEST_SAMPLES);
      const part = block.subarray(read, read + held.length - filled);
      held.set(part, filled);
      filled += part.length;
      read += part.length;
      await track?.push(part);
    }
  }
  await track?.end();
  if (filled > (startSample === 0 ? WHOLE_SAMPLES : LONGEST_SAMPLES)) {
    yield cutBefore(filled - SHORTEST_LAST_SAMPLES);
  }
  if (filled > 0) yield take(filled);
}
