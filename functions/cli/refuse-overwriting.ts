import { realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import { MurmurationError } from '@murmuration/pipeline/errors';

/**
 * Throws `invalid-argument` where a file that is to be written is one that is to be read, under whatever name.
 * @param outputs path → what is written there, for the message
 */
export async function refuseOverwriting(
  inputs: readonly string[],
  outputs: ReadonlyMap<string, string>,
): Promise<void> {
  const read = new Set(await Promise.all(inputs.map(realPath)));
  for (const [path, what] of outputs) {
    if (!read.has(await realPath(path))) continue;
    throw new MurmurationError('invalid-argument', `${what} would overwrite "${path}": give another place`, {
      details: { path },
    });
  }
}

/** Without symbolic links; of a file that does not exist yet, the path itself. */
function realPath(path: string): Promise<string> {
  return realpath(path).catch(() => resolve(path));
}
