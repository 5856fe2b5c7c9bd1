import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SettingError } from './setting-error.ts';

/** Where npm put a package, looked for from here upwards. Throws with what to install where it is missing. */
export function packageFolder(name: string, install = `npm install ${name}`): string {
  for (let folder = fileURLToPath(new URL('.', import.meta.url)); ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', name);
    if (existsSync(candidate)) return candidate;
    if (folder === dirname(folder)) break;
  }
  throw new SettingError(`the package "${name}" is not installed: run \`${install}\` and try again`);
}
