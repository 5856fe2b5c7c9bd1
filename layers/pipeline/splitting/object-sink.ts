import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import type { ObjectStore } from '../ports.ts';

/** So much may wait for the store: 33 s of audio. */
const WAITING_BYTES = 1 << 20;

/** An object that is written piece by piece. */
export interface ObjectSink {
  /** Written so far. */
  readonly sizeBytes: number;
  /** Waits while the store is slower. Throws what the store throws. */
  write(bytes: Uint8Array): Promise<void>;
  /** Only now is the object there. */
  end(): Promise<void>;
  /** Leaves nothing. */
  abort(): Promise<void>;
}

/** Turns the store's way of reading what it writes around. */
export function objectSink(store: ObjectStore, key: string): ObjectSink {
  const waiting = new PassThrough({ highWaterMark: WAITING_BYTES });
  const written = store.writeStream(key, waiting);
  // Whoever writes next, or ends, meets it
  written.catch((error: Error) => waiting.destroy(error));
  waiting.on('error', () => undefined);
  let sizeBytes = 0;
  return {
    get sizeBytes() {
      return sizeBytes;
    },
    async write(bytes) {
      sizeBytes += bytes.length;
      // The store has left: it says why
      if (waiting.destroyed) await written;
      if (!waiting.write(bytes)) await once(waiting, 'drain').catch(() => written);
    },
    async end() {
      waiting.end();
      await written;
    },
    async abort() {
      waiting.destroy(new Error('the rest will not come'));
      await written.catch(() => undefined);
    },
  };
}
