import { fromSixteenBit } from '../audio/sixteen-bit.ts';
import { MurmurationError } from '../errors.ts';
import type { ObjectStore, Pcm } from '../ports.ts';

/** 33 s of audio: few requests, little memory. */
const READ_BYTES = 1 << 20;

/** The audio of a byte range, in order. Throws `internal` where the object is gone or shorter. */
export async function* readBlocks(
  store: ObjectStore,
  key: string,
  { start, end }: { readonly start: number; readonly end: number },
): AsyncGenerator<Pcm> {
  for (let from = start; from < end; from += READ_BYTES) {
    yield fromSixteenBit(await readRange(store, key, from, Math.min(from + READ_BYTES, end)));
  }
}

/** These bytes, all of them. Throws `internal`. */
export async function readRange(
  store: ObjectStore,
  key: string,
  start: number,
  end: number,
): Promise<Uint8Array> {
  const bytes = await store.read(key, { start, end });
  if (bytes?.length === end - start) return bytes;
  throw new MurmurationError(
    'internal',
    `"${key}" has no bytes ${start} to ${end}: it was deleted, or expired, while its job ran. upload the recording again`,
    { details: { key, start, end } },
  );
}
