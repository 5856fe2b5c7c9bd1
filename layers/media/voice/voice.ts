import type { Pcm } from '@murmuration/pipeline/ports';

/** The model judges 32 ms at a time. */
export const WINDOW_SAMPLES = 512;

/** Tells where in a recording a voice can be heard. */
export interface VoiceDetector {
  /**
   * Starts on a new recording; any number may be under way at once. Probabilities come `runWindows` at a time: few for
   * speech that is going on, many where nobody waits. @default 64
   */
  listen(runWindows?: number): VoiceStream;
  close(): Promise<void>;
}

/** One recording, listened to from its start. Calls must follow each other. */
export interface VoiceStream {
  /**
   * Takes the next samples, any number. Returns the probabilities of a voice that are new since the last call, one for
   * each window of 512 samples from the recording's start; they may lag behind the samples by `runWindows`: 2.1 s.
   */
  push(block: Pcm): Promise<number[]>;
  /** The probabilities still missing. The last window, filled up with zeros, may begin where the recording ends. */
  end(): Promise<number[]>;
}
