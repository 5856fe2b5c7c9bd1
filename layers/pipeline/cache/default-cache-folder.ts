import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** Where transcripts are kept if nothing else is said: in $XDG_CACHE_HOME, else in ~/.cache. */
export function defaultCacheFolder(
  env: Readonly<Record<string, string | undefined>> = process.env,
  home: string = homedir(),
): string {
  const asked = env['XDG_CACHE_HOME'];
  // The XDG specification has relative paths ignored
  const base = asked !== undefined && isAbsolute(asked) ? asked : join(home, '.cache');
  return join(base, 'murmuration', 'transcripts');
}
