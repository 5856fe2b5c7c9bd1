import type { RangeSource } from '@murmuration/pipeline/ports';
import { mpegFrameBytes } from './mpeg-frame-bytes.ts';

type Bytes = Pick<RangeSource, 'sizeBytes' | 'read'>;

/** An ogg page has at most 65,307 bytes. */
const LARGEST_PAGE_BYTES = 65_307;
/** Some frames of 320 kbit/s, of up to 1,441 bytes each. */
const MPEG_TAIL_BYTES = 16_384;
/** So many frames in a row are no accident. */
const FRAMES_IN_STEP = 4;
const MOST_CHUNKS = 1_000;

/**
 * Whether a file ends in the middle of a packet, in formats that promise no length and whose end FFmpeg takes as it is:
 * ogg, mp3 and caf. False for all others, and where it cannot be told.
 */
export async function hasTornEnd(bytes: Bytes, container: string): Promise<boolean> {
  if (container === 'ogg') return isTornOgg(await tailOf(bytes, LARGEST_PAGE_BYTES));
  if (container === 'mp3') return isTornMpeg(await tailOf(bytes, MPEG_TAIL_BYTES));
  return container === 'caf' && isTornCaf(bytes);
}

async function tailOf({ sizeBytes, read }: Bytes, length: number): Promise<Buffer> {
  return Buffer.from(await read(Math.max(0, sizeBytes - length), sizeBytes));
}

function isTornOgg(tail: Buffer): boolean {
  const page = tail.lastIndexOf('OggS', undefined, 'latin1');
  if (page === -1) return false;
  const head = tail.subarray(page);
  const segments = head[26];
  if (segments === undefined || head.length < 27 + segments) return true;
  const lacing = head.subarray(27, 27 + segments);
  const pageBytes = 27 + segments + lacing.reduce((sum, length) => sum + length, 0);
  // A packet whose last piece has 255 bytes goes on in the next page
  return head.length < pageBytes || lacing.at(-1) === 255;
}

function isTornMpeg(tail: Buffer): boolean {
  for (let first = 0; first < tail.length; first += 1) {
    let frames = 0;
    let position = first;
    for (;;) {
      const frameBytes = mpegFrameBytes(tail, position);
      if (frameBytes === undefined) break;
      if (position + frameBytes > tail.length) {
        if (frames >= FRAMES_IN_STEP) return true;
        break;
      }
      frames += 1;
      position += frameBytes;
    }
    // Whole frames to the end, or to a tag
    if (frames >= FRAMES_IN_STEP) return false;
  }
  return false;
}

async function isTornCaf({ sizeBytes, read }: Bytes): Promise<boolean> {
  let position = 8;
  for (let chunk = 0; chunk < MOST_CHUNKS && position + 12 <= sizeBytes; chunk += 1) {
    const chunkBytes = Buffer.from(await read(position, position + 12)).readBigInt64BE(4);
    // -1: all that is left
    if (chunkBytes < 0n) return false;
    position += 12 + Number(chunkBytes);
  }
  return position > sizeBytes;
}
