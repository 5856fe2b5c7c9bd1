import { MurmurationError } from '@murmuration/pipeline/errors';
import { type Pcm, SAMPLE_RATE_HERTZ } from '@murmuration/pipeline/ports';

/** Whisper's window. */
const LONGEST_SECONDS = 30;

/** Shorter than any word. */
const SHORTEST_SECONDS = 0.1;

/** Throws `audio-invalid` or `audio-too-long` where a segment cannot be transcribed; `index` is its place in the list. */
export function checkAudio(pcm: Pcm, index: number): void {
  if (!(pcm instanceof Float32Array)) {
    throw new MurmurationError(
      'audio-invalid',
      `segment ${index} is not a Float32Array: give 16 kHz mono samples, full scale at ±1`,
      {
        details: { segment: index },
      },
    );
  }
  if (pcm.length === 0) {
    throw new MurmurationError('audio-invalid', `segment ${index} has 0 samples: leave empty segments out`, {
      details: { segment: index },
    });
  }
  if (pcm.length > LONGEST_SECONDS * SAMPLE_RATE_HERTZ) {
    const seconds = pcm.length / SAMPLE_RATE_HERTZ;
    throw new MurmurationError(
      'audio-too-long',
      `segment ${index} is ${seconds.toFixed(1)} s long and the engine takes at most ${LONGEST_SECONDS} s: "murmuration transcribe" cuts long files`,
      { details: { segment: index, seconds } },
    );
  }
  // A sum is finite only if all samples are: three times as fast as testing each
  let sum = 0;
  for (let i = 0; i < pcm.length; i++) sum += pcm[i]!;
  if (Number.isFinite(sum)) return;
  const sample = pcm.findIndex((value) => !Number.isFinite(value));
  throw new MurmurationError(
    'audio-invalid',
    `sample ${sample} of segment ${index} is ${pcm[sample]}: samples must be finite numbers, full scale at ±1`,
    { details: { segment: index, sample } },
  );
}

/** Whether nothing can have been said: digital silence, or less than 0.1 s. */
export function isNothing(pcm: Pcm): boolean {
  return pcm.length < SHORTEST_SECONDS * SAMPLE_RATE_HERTZ || pcm.every((value) => value === 0);
}
