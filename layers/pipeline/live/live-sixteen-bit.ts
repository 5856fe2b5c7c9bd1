import { fromSixteenBit } from '../audio/sixteen-bit.ts';
import type { LiveEvent } from '../contract/live-event.ts';
import {
  type LiveOptions,
  type LivePorts,
  type LiveTranscriber,
  liveTranscriber,
} from './live-transcriber.ts';

/** As `liveTranscriber`, for audio as it comes over a network: 16 kHz mono s16le. */
export function liveSixteenBit(
  ports: LivePorts,
  onEvent: (event: LiveEvent) => void,
  options: LiveOptions,
): Omit<LiveTranscriber, 'push'> & { push(sixteenBit: Uint8Array): void } {
  const live = liveTranscriber(ports, onEvent, options);
  return {
    get waitingSeconds() {
      return live.waitingSeconds;
    },
    get openSeconds() {
      return live.openSeconds;
    },
    push: (sixteenBit) => live.push(fromSixteenBit(sixteenBit)),
    end: live.end,
    stop: live.stop,
    finished: live.finished,
  };
}
