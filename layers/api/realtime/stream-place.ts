import type { ListenerCall } from '../contract/listener-call.ts';
import type { SocketMessage } from './socket-messages.ts';

export interface StreamPlace {
  /** The message that comes next. */
  readonly index: number;
  /** The audio of the next message, less what was heard before. */
  take(message: SocketMessage & { kind: 'audio' }): Uint8Array;
  /** Passes a message without audio. */
  pass(): void;
  /** What to read from, to hear the stream from `seconds` on: a place that was taken. */
  placeOf(seconds: number): Pick<ListenerCall['from'], 'index' | 'skipBytes' | 'seconds'>;
}

const BYTES_PER_SECOND = 32_000;

/** Knows where in a stream each message lies. */
export function streamPlace(from: ListenerCall['from']): StreamPlace {
  let next = from.index;
  let nextByte = Math.round(from.seconds * BYTES_PER_SECOND) - from.skipBytes;
  const starts: { readonly index: number; readonly startByte: number }[] = [];
  return {
    get index() {
      return next;
    },
    take({ index, audio }) {
      starts.push({ index, startByte: nextByte });
      next = index + 1;
      nextByte += audio.length;
      return index === from.index ? audio.subarray(from.skipBytes) : audio;
    },
    pass() {
      next += 1;
    },
    placeOf(seconds) {
      // Of whole samples
      const byte = 2 * Math.round((seconds * BYTES_PER_SECOND) / 2);
      const found = starts.findLast(({ startByte }) => startByte <= byte);
      const { index, startByte } = found ?? { index: next, startByte: nextByte };
      const skipBytes = Math.max(0, byte - startByte);
      return { index, skipBytes, seconds: (startByte + skipBytes) / BYTES_PER_SECOND };
    },
  };
}
