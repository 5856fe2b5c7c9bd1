import { rm } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Where recordings lie while a request waits for them: in the data folder, which has the room and is for its owner alone.
 * What a killed server left there is deleted.
 */
export async function emptySpool(folder: string): Promise<string> {
  const spool = join(folder, 'requests');
  await rm(spool, { recursive: true, force: true, maxRetries: 3 });
  return spool;
}
