import type { Pcm } from '@murmuration/pipeline/ports';

/** 20 ms: shorter than a closed consonant, longer than a period of any voice. */
const FRAME_SAMPLES = 320;
/** -80 dBFS: below it all is silence. */
const SILENCE_LEVEL = 1e-4;
/** A pause of 1 s is as good as a longer one, and then the later one makes longer segments. */
const LONG_PAUSE_FRAMES = 50;

/** The middle of the longest quiet stretch of `pcm` between `earliest` and `latest`, in samples. */
export function quietestSample(pcm: Pcm, earliest: number, latest: number): number {
  const levels = frameLevels(pcm, earliest, latest);
  const quiet = quietLevel(levels);
  let best = { frames: 0, middle: latest };
  let start = 0;
  for (let frame = 0; frame <= levels.length; frame += 1) {
    if ((levels[frame] ?? Number.POSITIVE_INFINITY) <= quiet) continue;
    const frames = Math.min(frame - start, LONG_PAUSE_FRAMES);
    if (frames > 0 && frames >= best.frames) {
      best = { frames, middle: earliest + Math.floor(((start + frame) / 2) * FRAME_SAMPLES) };
    }
    start = frame + 1;
  }
  return best.middle;
}

/** Half way, in decibels, from the quietest hundredth of the frames to the loudest tenth. */
function quietLevel(levels: Float32Array): number {
  const sorted = levels.filter(Number.isFinite).toSorted();
  const at = (share: number) => Math.max(sorted[Math.floor(sorted.length * share)] ?? 0, SILENCE_LEVEL);
  return Math.sqrt(at(0.01) * at(0.9));
}

/** Root mean square of each whole frame; what is not a number counts as loud. */
function frameLevels(pcm: Pcm, earliest: number, latest: number): Float32Array {
  const levels = new Float32Array(Math.floor((latest - earliest) / FRAME_SAMPLES));
  for (let frame = 0; frame < levels.length; frame += 1) {
    let energy = 0;
    const from = earliest + frame * FRAME_SAMPLES;
    for (let sample = from; sample < from + FRAME_SAMPLES; sample += 1) energy += pcm[sample]! * pcm[sample]!;
    levels[frame] = Number.isNaN(energy) ? Number.POSITIVE_INFINITY : Math.sqrt(energy / FRAME_SAMPLES);
  }
  return levels;
}
