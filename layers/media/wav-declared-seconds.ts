import type { RangeSource } from '@murmuration/pipeline/ports';

/** Writers that cannot go back leave one of these as the length of the data. */
const UNKNOWN_BYTES = new Set([0, 0xffff_ffff, 0x7fff_ffff]);
const MOST_CHUNKS = 64;
/** PCM, float, A-law, mu-law, and the extensible form of them. Of other codecs, writers only guess the bytes per second. */
const STEADY_CODECS = new Set([1, 3, 6, 7, 0xfffe]);

/** Some bytes behind the sound are a tag or padding; more are sound that the header does not know of. */
const STRAY_SECONDS = 0.5;

/**
 * The length that a wav's own header promises; undefined where it does not say, and for RF64. FFmpeg quietly puts the
 * file's length in its place, so that a cut-off wav would look whole. Where the header promises less than there is,
 * FFmpeg reads no further: then the length of what is there.
 */
export async function wavDeclaredSeconds({
  sizeBytes: fileBytes,
  read,
}: Pick<RangeSource, 'sizeBytes' | 'read'>): Promise<number | undefined> {
  /** A chunk's name and length, and the first 16 bytes of what it holds. */
  const headAt = async (position: number) =>
    Buffer.from(position < fileBytes ? await read(position, Math.min(position + 24, fileBytes)) : []);
  let bytesPerSecond = 0;
  let position = 12;
  if ((await headAt(0)).toString('latin1', 0, 4) !== 'RIFF') return undefined;
  for (let chunk = 0; chunk < MOST_CHUNKS; chunk += 1) {
    const head = await headAt(position);
    if (head.length < 8) return undefined;
    const name = head.toString('latin1', 0, 4);
    const sizeBytes = head.readUInt32LE(4);
    // Chunks begin at even positions.
    const next = position + 8 + sizeBytes + (sizeBytes % 2);
    if (name === 'data') {
      if (bytesPerSecond === 0 || UNKNOWN_BYTES.has(sizeBytes)) return undefined;
      const hidden = isSound(await headAt(next)) ? fileBytes - next : 0;
      return (sizeBytes + (hidden > STRAY_SECONDS * bytesPerSecond ? hidden : 0)) / bytesPerSecond;
    }
    if (name === 'fmt ' && head.length === 24) {
      if (!STEADY_CODECS.has(head.readUInt16LE(8))) return undefined;
      bytesPerSecond = head.readUInt32LE(16);
    }
    position = next;
  }
  return undefined;
}

/** Neither the name of one more chunk nor padding. */
function isSound(head: Buffer): boolean {
  if (head.length < 8 || head.every((byte) => byte === 0)) return false;
  return !/^[\x20-\x7e]{4}$/.test(head.toString('latin1', 0, 4));
}
