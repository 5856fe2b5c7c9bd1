import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { MurmurationError } from '@murmuration/pipeline/errors';
import { throwIfAborted } from './media-errors.ts';
import { openFile } from './open-file.ts';
import type { OpenedSource } from './opened-source.ts';

/**
 * Writes a stream to a temporary file, since an mp4 may keep its index at its end. Closing deletes the file. Throws
 * `aborted`, `media-empty`, and `media-unreadable` where the stream or the disk fails; no file is left then.
 * @param folder for temporary files; made where it is not there. Defaults to the system's
 */
export async function spoolToFile(
  stream: Readable,
  name: string,
  signal?: AbortSignal,
  folder = tmpdir(),
): Promise<OpenedSource> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const own = await mkdtemp(join(folder, 'murmuration-spool-'));
  const close = () => rm(own, { recursive: true, force: true, maxRetries: 3 });
  try {
    const path = join(own, 'media');
    await pipeline(stream, createWriteStream(path, { mode: 0o600 }), { signal }).catch((cause: unknown) => {
      throwIfAborted(name, signal);
      if (cause instanceof MurmurationError) throw cause;
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new MurmurationError(
        'media-unreadable',
        `"${name}" broke off while it was read: ${reason}. send it again`,
        { details: { path: name, reason }, cause },
      );
    });
    return { ...(await openFile(path, name)), close };
  } catch (error) {
    await close();
    throw error;
  }
}
