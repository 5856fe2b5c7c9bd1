import { createHash } from 'node:crypto';
import { fromSixteenBit } from '../audio/sixteen-bit.ts';
import type { Batch, Segment } from '../contract/plan.ts';
import { MurmurationError } from '../errors.ts';
import { keys } from '../keys.ts';
import type { ObjectStore } from '../ports.ts';
import { readRange } from '../splitting/read-blocks.ts';
import type { Hearable } from './second-look.ts';

/** The sound of a batch's segments. Throws `audio-invalid` where it is not the sound that was planned, `internal` where it is gone. */
export function readSegments({ jobId, segments }: Batch, store: ObjectStore): Promise<Hearable[]> {
  return Promise.all(segments.map((segment) => readSegment(jobId, segment, store)));
}

async function readSegment(jobId: string, segment: Segment, store: ObjectStore): Promise<Hearable> {
  const { index, channel, byteStart, byteEnd, sha256, speech } = segment;
  const key = keys.audio(jobId, channel);
  const bytes = await readRange(store, key, byteStart, byteEnd);
  const found = createHash('sha256').update(bytes).digest('hex');
  if (found === sha256) return { pcm: fromSixteenBit(bytes), speech };
  throw new MurmurationError(
    'audio-invalid',
    `segment ${index} in "${key}" is not the sound that was cut (sha256 ${found}, planned ${sha256}): upload the recording again`,
    { details: { key, index } },
  );
}
