import { MurmurationError } from '../errors.ts';
import type { ObjectStore } from '../ports.ts';
import { isRemoved } from './is-removed.ts';

/** Of what is written in one piece. Half an hour of sound, which is decoded in some seconds. */
const LOOK_AFTER_BYTES = 64 << 20;

/**
 * A store that takes nothing of a job that was removed: what a function still wrote then, nobody would know of. Its `write`
 * and `writeStream` throw `aborted`. What is on its way at that very moment is deleted by whoever removed the job, later.
 */
export function unlessRemoved(store: ObjectStore, jobId: string): ObjectStore {
  async function look(): Promise<void> {
    if (!(await isRemoved(jobId, store))) return;
    throw new MurmurationError('aborted', `job ${jobId} was removed: nothing of it is written any more`);
  }

  async function* watched(parts: AsyncIterable<Uint8Array>) {
    let unseenBytes = 0;
    for await (const part of parts) {
      unseenBytes += part.byteLength;
      if (unseenBytes >= LOOK_AFTER_BYTES) {
        unseenBytes = 0;
        await look();
      }
      yield part;
    }
    await look();
  }

  return {
    read: store.read,
    open: store.open,
    async write(key, body, options) {
      await look();
      await store.write(key, body, options);
    },
    writeStream: (key, parts) => store.writeStream(key, watched(parts)),
  };
}
