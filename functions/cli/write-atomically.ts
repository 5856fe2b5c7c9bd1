import { lstat, writeFile } from 'node:fs/promises';
import { writeDurably } from '@murmuration/api/adapters/write-durably';
import { MurmurationError, systemCode } from '@murmuration/pipeline/errors';

/** Writes a file whole or not at all; what is there and no plain file, as /dev/null, is written to. Throws `output-unwritable`. */
export async function writeAtomically(path: string, text: string): Promise<void> {
  try {
    // A rename would put a file in a device's place
    if (await isSpecial(path)) return await writeFile(path, text);
    await writeDurably(path, text);
  } catch (cause) {
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

async function isSpecial(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined);
  return found !== undefined && !found.isFile();
}

function reason(cause: unknown): string {
  return systemCode(cause) ?? String(cause);
}
