import { randomUUID } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { MurmurationError } from '@murmuration/pipeline/errors';

/** Writes a file whole or not at all. Throws `output-unwritable`. */
export async function writeAtomically(path: string, text: string): Promise<void> {
  // Beside the target, since only within one file system is a rename atomic
  const draft = join(dirname(path), `.${randomUUID()}.tmp`);
  try {
    await writeFile(draft, text);
    await rename(draft, path);
  } catch (cause) {
    await rm(draft, { force: true }).catch(() => undefined);
    throw new MurmurationError(
      'output-unwritable',
      `cannot write "${path}" (${reason(cause)}): check the folder`,
      {
        details: { path },
        cause,
      },
    );
  }
}

function reason(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
}
