/** Writers that cannot go back leave one of these as the length of the data. */
const UNKNOWN_BYTES = new Set([0, 0xffff_ffff, 0x7fff_ffff]);
const MOST_CHUNKS = 64;
/** PCM, float, A-law, mu-law, and the extensible form of them. Of other codecs, writers only guess the bytes per second. */
const STEADY_CODECS = new Set([1, 3, 6, 7, 0xfffe]);

/**
 * The length that a wav's own header promises; undefined where it does not say, and for RF64. FFmpeg quietly puts the
 * file's length in its place, so that a cut-off wav would look whole.
 *
 * @param readBytes gives fewer bytes than asked for at the file's end
 */
export async function wavDeclaredSeconds(
  readBytes: (start: number, end: number) => Promise<Uint8Array>,
): Promise<number | undefined> {
  const read = async (start: number, sizeBytes: number) =>
    Buffer.from(await readBytes(start, start + sizeBytes));
  let bytesPerSecond = 0;
  let position = 12;
  if ((await read(0, 12)).toString('latin1', 0, 4) !== 'RIFF') return undefined;
  for (let chunk = 0; chunk < MOST_CHUNKS; chunk += 1) {
    // A chunk's name and length, and the first 16 bytes of what it holds
    const head = await read(position, 24);
    if (head.length < 8) return undefined;
    const name = head.toString('latin1', 0, 4);
    const sizeBytes = head.readUInt32LE(4);
    if (name === 'data') {
      return bytesPerSecond > 0 && !UNKNOWN_BYTES.has(sizeBytes) ? sizeBytes / bytesPerSecond : undefined;
    }
    if (name === 'fmt ' && head.length === 24) {
      if (!STEADY_CODECS.has(head.readUInt16LE(8))) return undefined;
      bytesPerSecond = head.readUInt32LE(16);
    }
    // Chunks begin at even positions.
    position += 8 + sizeBytes + (sizeBytes % 2);
  }
  return undefined;
}
