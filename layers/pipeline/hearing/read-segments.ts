import { createHash } from 'node:crypto';
import { fillFromSixteenBit, fromSixteenBit, samplesIn } from '../audio/sixteen-bit.ts';
import type { Batch, Segment } from '../contract/plan.ts';
import { MurmurationError } from '../errors.ts';
import { keys } from '../keys.ts';
import type { ObjectStore, Pcm } from '../ports.ts';
import { readRange } from '../splitting/read-blocks.ts';
import type { Hearable } from './second-look.ts';

/** The sound of a batch's segments. Throws `audio-invalid` where it is not the sound that was planned, `internal` where it is gone. */
export function readSegments({ jobId, segments }: Batch, store: ObjectStore): Promise<Hearable[]> {
  return Promise.all(segments.map((segment) => readSegment(jobId, segment, store)));
}

/** That of one segment, in `into` where it fits there. Throws as `readSegments`. */
export async function readSegment(
  jobId: string,
  { index, channel, byteStart, byteEnd, sha256, speech }: Segment,
  store: ObjectStore,
  into?: Pcm,
): Promise<Hearable> {
  const key = keys.audio(jobId, channel);
  const bytes = await readRange(store, key, byteStart, byteEnd);
  const found = createHash('sha256').update(bytes).digest('hex');
  if (found === sha256) {
    const samples = samplesIn(bytes);
    const place = into !== undefined && samples <= into.length ? into.subarray(0, samples) : undefined;
    return { pcm: place ? fillFromSixteenBit(bytes, place) : fromSixteenBit(bytes), sha256, speech };
  }
  throw new MurmurationError(
    'audio-invalid',
    `segment ${index} in "${key}" is not the sound that was cut (sha256 ${found}, planned ${sha256}): upload the recording again`,
    { details: { key, index } },
  );
}
