import { type Pcm, SAMPLE_RATE_HERTZ } from '../ports.ts';

/** The end of a stream of audio, as far back as it is needed. Positions are samples from the stream's start. */
export interface KeptAudio {
  readonly startSample: number;
  readonly endSample: number;
  push(block: Pcm): void;
  /** A copy of what lies before `endSample`. */
  upTo(endSample: number): Pcm;
  forgetBefore(sample: number): void;
}

/** Holds up to 30 s, the most that the engine takes. */
export function keptAudio(): KeptAudio {
  const samples = new Float32Array(30 * SAMPLE_RATE_HERTZ);
  let startSample = 0;
  let length = 0;
  return {
    get startSample() {
      return startSample;
    },
    get endSample() {
      return startSample + length;
    },
    push(block) {
      samples.set(block, length);
      length += block.length;
    },
    upTo: (endSample) => samples.slice(0, endSample - startSample),
    forgetBefore(sample) {
      const forgotten = Math.min(length, Math.max(0, sample - startSample));
      samples.copyWithin(0, forgotten, length);
      startSample += forgotten;
      length -= forgotten;
    },
  };
}
