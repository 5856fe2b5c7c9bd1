import type { Pcm } from '@murmuration/pipeline/ports';
import { findSpeech, type SpeechSpan } from './find-speech.ts';
import { type VoiceDetector, WINDOW_SAMPLES } from './voice.ts';

/** faster-whisper's: below it speech may end. */
const PAUSE_BELOW = 0.35;
/** 100 ms and the window that ends them: shorter pauses are closed consonants. */
const SHORTEST_PAUSE_WINDOWS = 4;
/** Light padding, because a voice is recognised a little after it begins. */
const SPEECH = { minSilenceMilliseconds: 200, paddingMilliseconds: 100 };

/** What a detector hears in a recording, kept as long as it is asked for. Positions count from the recording's start. */
export interface VoiceTrack {
  push(block: Pcm): Promise<void>;
  end(): Promise<void>;
  /** The middle of the longest pause between two samples, the later of two equals; undefined where none is 100 ms. */
  middleOfPause(startSample: number, endSample: number): number | undefined;
  /** Where a voice is between two samples, counted from the first of them. */
  speech(startSample: number, endSample: number): SpeechSpan[];
  /** Nobody will ask for what is before this sample. */
  forget(beforeSample: number): void;
}

/** Starts to listen to a recording. */
export function voiceTrack(voice: VoiceDetector): VoiceTrack {
  const stream = voice.listen();
  const probabilities: number[] = [];
  /** Of `probabilities`. */
  let firstWindow = 0;

  return {
    async push(block) {
      probabilities.push(...(await stream.push(block)));
    },
    async end() {
      probabilities.push(...(await stream.end()));
    },
    middleOfPause(startSample, endSample) {
      let longest = { windows: SHORTEST_PAUSE_WINDOWS, middle: undefined as number | undefined };
      let windows = 0;
      const last = Math.floor(endSample / WINDOW_SAMPLES);
      for (let window = Math.ceil(startSample / WINDOW_SAMPLES); window < last; window += 1) {
        const probability = probabilities[window - firstWindow];
        windows = probability !== undefined && probability < PAUSE_BELOW ? windows + 1 : 0;
        if (windows < longest.windows) continue;
        longest = { windows, middle: (window + 1 - windows / 2) * WINDOW_SAMPLES };
      }
      return longest.middle;
    },
    speech(startSample, endSample) {
      const first = Math.floor(startSample / WINDOW_SAMPLES);
      const last = Math.ceil(endSample / WINDOW_SAMPLES);
      const heard = probabilities.slice(first - firstWindow, last - firstWindow);
      const offset = startSample - first * WINDOW_SAMPLES;
      const samples = endSample - startSample;
      return findSpeech(heard, offset + samples, SPEECH).map((span) => ({
        startSample: Math.max(0, span.startSample - offset),
        endSample: span.endSample - offset,
      }));
    },
    forget(beforeSample) {
      const windows = Math.floor(beforeSample / WINDOW_SAMPLES) - firstWindow;
      probabilities.splice(0, windows);
      firstWindow += windows;
    },
  };
}
