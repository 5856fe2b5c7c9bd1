import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const requirements = fileURLToPath(new URL('requirements.txt', import.meta.url));
const cacheFolder = fileURLToPath(new URL('../../.cache/api', import.meta.url));

/** Where the programs of requirements.txt are: installed once, into `.cache/api`. */
export async function pythonTools(): Promise<string> {
  const digest = createHash('sha256')
    .update(await readFile(requirements))
    .digest('hex')
    .slice(0, 12);
  const folder = join(cacheFolder, digest);
  const programs = join(folder, 'bin');
  // Written last: without it the folder is half-made
  const complete = join(folder, 'complete');
  if (existsSync(complete)) return programs;
  await rm(folder, { recursive: true, force: true });
  await run('python3', ['-m', 'venv', folder]);
  const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements];
  await run(join(programs, 'python'), install);
  await writeFile(complete, '');
  return programs;
}
