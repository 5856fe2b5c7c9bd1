import { open, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { checkMediaFile } from './check-media-file.ts';
import type { OpenedSource } from './opened-source.ts';

/** A file of this machine. Throws as `checkMediaFile`. @param name what messages call it */
export async function openFile(path: string, name = path): Promise<OpenedSource> {
  await checkMediaFile(path, name);
  // A pipe can be read once only: to open it again would wait for a writer for ever
  const found = await stat(path);
  return {
    name,
    // `file:` so that no name is taken for a protocol
    input: `file:${resolve(path)}`,
    protocols: 'file',
    bytes: found.isFile()
      ? { sizeBytes: found.size, read: (start, end) => readFileBytes(path, start, end) }
      : undefined,
    whyBroken: () => undefined,
    async close() {},
  };
}

async function readFileBytes(path: string, start: number, end: number): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const bytes = Buffer.alloc(end - start);
    const { bytesRead } = await file.read(bytes, 0, bytes.length, start);
    return bytes.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
