import type { OpenLive } from '@murmuration/api/realtime/live-port';
import { fromSixteenBit } from '@murmuration/pipeline/audio/sixteen-bit';
import { liveTranscriber } from '@murmuration/pipeline/live/live-transcriber';
import type { Laptop } from '../laptop.ts';

/** Live transcription by this machine's model. */
export function laptopLive({ ports: { engine }, hearVoices, resolveLanguage }: Laptop): OpenLive {
  return ({ language, prompt }, onEvent) => {
    const options = { language: resolveLanguage(language), prompt };
    const live = liveTranscriber({ engine, voice: hearVoices() }, onEvent, options);
    return {
      get waitingSeconds() {
        return live.waitingSeconds;
      },
      push: (sixteenBit) => live.push(fromSixteenBit(sixteenBit)),
      end: live.end,
      stop: live.stop,
      finished: live.finished,
    };
  };
}
