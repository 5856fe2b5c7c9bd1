import type { Pcm } from '../ports.ts';
import { findTurn } from './find-turn.ts';

/** Hears voices in one stream: a probability for each 512 samples from its start, with little delay. */
export interface VoiceListener {
  push(block: Pcm): Promise<number[]>;
}

/** Somebody's turn to speak, in samples of the stream. */
export interface PlacedTurn {
  /** Windows with a voice. */
  readonly voiced: number;
  /** Undefined where nobody speaks. */
  readonly startSample: number | undefined;
  /** After the pause that ends it; undefined while it goes on. */
  readonly endSample: number | undefined;
}

export const WINDOW_SAMPLES = 512;

/** The voices in the audio that is kept. */
export function voiceWindows(voice: VoiceListener, pauseWindows: number) {
  const probabilities: number[] = [];
  /** Of `probabilities`, which lag behind the audio. */
  let firstWindow = 0;
  return {
    async push(block: Pcm): Promise<void> {
      probabilities.push(...(await voice.push(block)));
    },
    /** The first turn from `sample` on; what was before will not be asked for again. */
    turnFrom(sample: number): PlacedTurn {
      const from = Math.ceil(sample / WINDOW_SAMPLES);
      firstWindow += probabilities.splice(0, Math.max(0, from - firstWindow)).length;
      // Where the probabilities have not come as far as the audio was forgotten, there is nothing to see yet
      const turn = findTurn(firstWindow < from ? [] : probabilities, pauseWindows);
      const place = (window: number | undefined) =>
        window === undefined ? undefined : (firstWindow + window) * WINDOW_SAMPLES;
      return { voiced: turn.voiced, startSample: place(turn.firstVoiced), endSample: place(turn.end) };
    },
  };
}
