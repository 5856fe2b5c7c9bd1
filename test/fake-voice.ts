import type { VoiceDetector } from '@murmuration/media/voice/voice';

/** Samples of one window. */
const WINDOW = 512;

/** Hears what it is told, as late as the real one. */
export function fakeVoice(probabilityOf: (window: number) => number): VoiceDetector {
  return {
    listen() {
      let samples = 0;
      let told = 0;
      const tell = (windows: number) => {
        const probabilities = Array.from({ length: windows - told }, (_, index) =>
          probabilityOf(told + index),
        );
        told = windows;
        return Promise.resolve(probabilities);
      };
      return {
        push(block) {
          samples += block.length;
          return tell(Math.floor(samples / WINDOW / 64) * 64);
        },
        end: () => tell(Math.floor(samples / WINDOW) + 1),
      };
    },
    close: () => Promise.resolve(),
  };
}
