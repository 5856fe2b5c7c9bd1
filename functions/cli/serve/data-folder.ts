import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** Where jobs and uploads are kept: `murmuration` in $XDG_DATA_HOME, or in ~/.local/share. */
export function defaultDataFolder(): string {
  const chosen = process.env['XDG_DATA_HOME'];
  // By the standard, a relative one counts as none
  const base = chosen !== undefined && isAbsolute(chosen) ? chosen : join(homedir(), '.local', 'share');
  return join(base, 'murmuration');
}
