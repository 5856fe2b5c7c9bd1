import type { OpenLive } from '@murmuration/api/realtime/live-port';
import { liveSixteenBit } from '@murmuration/pipeline/live/live-sixteen-bit';
import type { Laptop } from '../laptop.ts';

/** Live transcription by this machine's model. */
export function laptopLive({ ports: { engine }, hearVoices, resolveLanguage }: Laptop): OpenLive {
  return ({ language, prompt }, onEvent) =>
    liveSixteenBit({ engine, voice: hearVoices() }, onEvent, { language: resolveLanguage(language), prompt });
}
