import { BYTES_PER_SAMPLE } from '../audio/sixteen-bit.ts';
import type { Window } from '../contract/messages.ts';
import { keys } from '../keys.ts';
import type { PipelinePorts } from '../pipeline-ports.ts';
import { SAMPLE_RATE_HERTZ } from '../ports.ts';
import { readBlocks } from './read-blocks.ts';

const BYTES_PER_SECOND = SAMPLE_RATE_HERTZ * BYTES_PER_SAMPLE;
/** Three segments are cut of it: enough to find a pause, but of the most breathless. */
const SEARCHED_SECONDS = 90;

/** Divides what is uncut into byte ranges of about `windowSeconds` that begin and end in a pause. None is shorter than half. */
export async function planWindows(
  uncut: readonly { readonly channel: number | undefined; readonly byteStart: number }[],
  { jobId, sizeBytes, windowSeconds }: { jobId: string; sizeBytes: number; windowSeconds: number },
  ports: Pick<PipelinePorts, 'store' | 'cut'>,
): Promise<Window[]> {
  const windowBytes = windowSeconds * BYTES_PER_SECOND;
  const windows: Window[] = [];
  for (const { channel, byteStart: first } of uncut) {
    for (let byteStart = first; byteStart < sizeBytes; ) {
      const isLast = sizeBytes - byteStart <= 1.5 * windowBytes;
      const near = byteStart + windowBytes;
      const byteEnd = isLast ? sizeBytes : await pauseAfter(near, { jobId, channel, sizeBytes }, ports);
      const where = channel === undefined ? {} : { channel };
      windows.push({ kind: 'window', jobId, part: windows.length + 1, ...where, byteStart, byteEnd });
      byteStart = byteEnd;
    }
  }
  return windows;
}

/** The end of the first segment that is cut in a pause. */
async function pauseAfter(
  byteStart: number,
  { jobId, channel, sizeBytes }: { jobId: string; channel: number | undefined; sizeBytes: number },
  { store, cut }: Pick<PipelinePorts, 'store' | 'cut'>,
): Promise<number> {
  const start = byteStart - (byteStart % BYTES_PER_SAMPLE);
  const end = Math.min(sizeBytes, start + SEARCHED_SECONDS * BYTES_PER_SECOND);
  let found = end;
  for await (const segment of cut(readBlocks(store, keys.audio(jobId, channel), { start, end }))) {
    if (segment.startSample === 0) continue;
    found = start + segment.startSample * BYTES_PER_SAMPLE;
    if (segment.overlapSamples === 0) break;
  }
  return found;
}
