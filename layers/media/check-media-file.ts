import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { MurmurationError } from '@murmuration/pipeline/errors';

/**
 * Answers the plain mistakes before a decoder starts. Throws `file-not-found`, `media-unreadable` (a folder, no
 * permission) or `media-empty` (0 bytes).
 *
 * @param name what messages call the file
 */
export async function checkMediaFile(path: string, name = path): Promise<void> {
  const details = { path: name };
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT' || cause.code === 'ENOTDIR') {
      throw new MurmurationError('file-not-found', `no file at "${name}": check the path`, {
        details,
        cause,
      });
    }
    throw new MurmurationError(
      'media-unreadable',
      `"${name}" cannot be opened (${cause.code}): check its folder and name`,
      { details, cause },
    );
  });
  if (found.isDirectory()) {
    throw new MurmurationError('media-unreadable', `"${name}" is a folder: give the files in it`, {
      details,
    });
  }
  await access(path, constants.R_OK).catch((cause: unknown) => {
    throw new MurmurationError('media-unreadable', `"${name}" may not be read: check its permissions`, {
      details,
      cause,
    });
  });
  // Pipes and devices say 0 bytes and may still deliver.
  if (found.isFile() && found.size === 0) {
    throw new MurmurationError('media-empty', `"${name}" is empty (0 bytes): record or copy it again`, {
      details,
    });
  }
}
