import { BYTES_PER_SAMPLE } from '../audio/sixteen-bit.ts';
import type { Window, WindowCut } from '../contract/messages.ts';
import type { UnnumberedSegment } from '../contract/plan-part.ts';
import { writeJson } from '../jobs/write-json.ts';
import { keys } from '../keys.ts';
import type { PipelinePorts } from '../pipeline-ports.ts';
import { readBlocks } from '../splitting/read-blocks.ts';
import { segmentOfCut } from '../splitting/segment-of-cut.ts';

/** Cuts one byte range of a long recording, while others cut its neighbours. */
export async function cutWindow(
  { jobId, part, channel, byteStart, byteEnd }: Window,
  { store, cut }: Pick<PipelinePorts, 'store' | 'cut'>,
): Promise<WindowCut> {
  const blocks = readBlocks(store, keys.audio(jobId, channel), { start: byteStart, end: byteEnd });
  const origin = { channel, firstSample: byteStart / BYTES_PER_SAMPLE };
  const segments: UnnumberedSegment[] = [];
  for await (const segment of cut(blocks)) segments.push(segmentOfCut(segment, origin));
  await writeJson(store, keys.planPart(jobId, part), { segments });
  return { kind: 'window-cut', jobId, part };
}
