import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { MurmurationError, systemCode } from '@murmuration/pipeline/errors';
import { fileUnavailable } from './json-file.ts';

export interface HoldOptions {
  /** For another process to be done; each change takes milliseconds. @default 10 */
  readonly waitSeconds?: number | undefined;
}

/**
 * Does `work` while no other process changes a file: by a file beside it that says who holds it. One whose process is dead
 * counts for nothing. Throws `store-unavailable` where the other is not done in time, and what `work` throws.
 */
export async function whileHolding<Answer>(
  path: string,
  work: () => Promise<Answer>,
  { waitSeconds = 10 }: HoldOptions = {},
): Promise<Answer> {
  const lock = `${path}.lock`;
  const own = JSON.stringify({ host: hostname(), pid: process.pid, turn: randomUUID() });
  const deadline = performance.now() + waitSeconds * 1000;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    while (!(await tryWrite(lock, own))) {
      const holder = await readFile(lock, 'utf8').catch(() => '');
      if (isDead(holder)) await breakLock(lock, holder);
      else if (performance.now() > deadline) throw held(path, lock);
      else await wait(5 + Math.random() * 20);
    }
  } catch (cause) {
    throw cause instanceof MurmurationError ? cause : fileUnavailable(path, cause);
  }
  try {
    return await work();
  } finally {
    await rm(lock, { force: true });
  }
}

/** False where there is a file already. */
async function tryWrite(lock: string, holder: string): Promise<boolean> {
  try {
    await writeFile(lock, holder, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  }
}

function isDead(holder: string): boolean {
  const { host, pid } = parse(holder);
  // Of another machine, or container, nothing is known
  if (host !== hostname() || typeof pid !== 'number') return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return systemCode(error) === 'ESRCH';
  }
}

function parse(holder: string): { readonly host?: unknown; readonly pid?: unknown } {
  try {
    return JSON.parse(holder) as { host?: unknown; pid?: unknown };
  } catch {
    return {};
  }
}

/** Takes a dead one's lock away; where another was quicker and holds it by now, gives it back. */
async function breakLock(lock: string, dead: string): Promise<void> {
  const aside = `${lock}.${randomUUID()}`;
  try {
    await rename(lock, aside);
    const taken = await readFile(aside, 'utf8');
    if (taken !== dead) await tryWrite(lock, taken);
  } catch {
    // It is gone, or held anew: looked at again
  } finally {
    await rm(aside, { force: true });
  }
}

function held(path: string, lock: string): MurmurationError {
  return new MurmurationError(
    'store-unavailable',
    `"${path}" is being changed by another process: try again, or delete "${lock}" where there is none`,
  );
}
