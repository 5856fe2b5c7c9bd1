import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A wav of mono 16 kHz: 16-bit numbers, or 32-bit floats. */
export function wavOf(samples: Int16Array | Float32Array): Buffer {
  const float = samples instanceof Float32Array;
  const header = Buffer.alloc(44);
  header.write('RIFF', 0);
  header.writeUInt32LE(36 + samples.byteLength, 4);
  header.write('WAVEfmt ', 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(float ? 3 : 1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(16_000, 24);
  header.writeUInt32LE(16_000 * samples.BYTES_PER_ELEMENT, 28);
  header.writeUInt16LE(samples.BYTES_PER_ELEMENT, 32);
  header.writeUInt16LE(samples.BYTES_PER_ELEMENT * 8, 34);
  header.write('data', 36);
  header.writeUInt32LE(samples.byteLength, 40);
  return Buffer.concat([header, Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength)]);
}

/** Files that nobody can transcribe, with the exit code that each deserves. */
export async function writeBadFiles(folder: string) {
  const write = async (name: string, content: Buffer | string) => {
    const path = join(folder, name);
    await writeFile(path, content);
    return path;
  };
  return {
    missing: { path: join(folder, 'missing.wav'), exitCode: 3 },
    folder: { path: folder, exitCode: 4 },
    empty: { path: await write('empty.wav', ''), exitCode: 4 },
    text: { path: await write('text.mp3', 'this is not music\n'.repeat(100)), exitCode: 4 },
    silentHeader: { path: await write('header-only.wav', wavOf(new Int16Array(0))), exitCode: 4 },
    notANumber: {
      path: await write('nan.wav', wavOf(new Float32Array(16_000).fill(Number.NaN))),
      exitCode: 6,
    },
  };
}
