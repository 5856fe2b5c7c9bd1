import { type FileHandle, open, stat } from 'node:fs/promises';

/** Writers that cannot go back leave one of these as the length of the data. */
const UNKNOWN_BYTES = new Set([0, 0xffff_ffff, 0x7fff_ffff]);
const MOST_CHUNKS = 64;

/**
 * The length that a wav's own header promises; undefined where it does not say, and for RF64. FFmpeg quietly puts the
 * file's length in its place, so that a cut-off wav would look whole.
 */
export async function wavDeclaredSeconds(path: string): Promise<number | undefined> {
  // A pipe was read to its end already: to open it again would wait for a writer for ever
  if (!(await stat(path)).isFile()) return undefined;
  const file = await open(path);
  try {
    return await readDeclaredSeconds(file);
  } finally {
    await file.close();
  }
}

async function readDeclaredSeconds(file: FileHandle): Promise<number | undefined> {
  const head = Buffer.alloc(16);
  let bytesPerSecond = 0;
  let position = 12;
  await file.read(head, 0, 12, 0);
  if (head.toString('latin1', 0, 4) !== 'RIFF') return undefined;
  for (let chunk = 0; chunk < MOST_CHUNKS; chunk += 1) {
    const { bytesRead } = await file.read(head, 0, 8, position);
    if (bytesRead < 8) return undefined;
    const name = head.toString('latin1', 0, 4);
    const sizeBytes = head.readUInt32LE(4);
    if (name === 'data') {
      return bytesPerSecond > 0 && !UNKNOWN_BYTES.has(sizeBytes) ? sizeBytes / bytesPerSecond : undefined;
    }
    if (name === 'fmt ' && (await file.read(head, 0, 16, position + 8)).bytesRead === 16) {
      bytesPerSecond = head.readUInt32LE(8);
    }
    // Chunks begin at even positions.
    position += 8 + sizeBytes + (sizeBytes % 2);
  }
  return undefined;
}
