import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { MurmurationError } from '@murmuration/pipeline/errors';
import { bodyChunks } from './body-chunks.ts';
import type { BodyRoom } from './body-room.ts';
import { spoolFolder } from './spool-folder.ts';

/** A body that is a recording, in a temporary file. */
export interface ReceivedAudio {
  readonly path: string;
  readonly sha256: string;
  /** Deletes the file. */
  close(): Promise<void>;
}

/** Writes a body to disk as it arrives. Throws `invalid-argument` for none, and what `bodyChunks` throws; no file is left then. */
export async function receiveAudio(
  request: Request,
  { mostBytes, spool, place }: BodyRoom,
): Promise<ReceivedAudio> {
  const folder = await spoolFolder(spool);
  const hash = createHash('sha256');
  let sizeBytes = 0;
  async function* counted() {
    for await (const chunk of bodyChunks(request, mostBytes, place)) {
      hash.update(chunk);
      sizeBytes += chunk.byteLength;
      yield chunk;
    }
  }
  try {
    const path = join(folder.path, 'media');
    await pipeline(Readable.from(counted()), createWriteStream(path, { mode: 0o600 }));
    if (sizeBytes === 0) {
      throw new MurmurationError(
        'invalid-argument',
        'the body is empty: send a recording, or JSON with its url',
      );
    }
    return { path, sha256: hash.digest('hex'), close: folder.remove };
  } catch (error) {
    await folder.remove();
    throw error;
  }
}
