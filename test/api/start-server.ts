import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const binary = fileURLToPath(new URL('../../functions/cli/murmuration.mjs', import.meta.url));

export interface StartedServer {
  /** Such as `http://127.0.0.1:41234`. */
  readonly url: string;
  /** What is kept there outlives the server. */
  readonly dataFolder: string;
  /** What it said on stderr so far. */
  log(): string;
  /** Null while it runs. */
  exitCode(): number | null;
  /** Answers the exit code. @param keepData for a server that is to be started again; @param signal `SIGTERM`, or as it crashes */
  stop(options?: { readonly keepData?: boolean; readonly signal?: NodeJS.Signals }): Promise<number | null>;
}

/** The real `murmuration serve`, a process of its own, with a folder and a cache of its own. */
export async function startServer(
  args: readonly string[] = [],
  { dataFolder, env = {} }: { readonly dataFolder?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<StartedServer> {
  const folder = dataFolder ?? (await mkdtemp(join(tmpdir(), 'murmuration-serve-')));
  const child = spawn(
    process.execPath,
    [binary, 'serve', '--port', '0', '--data', join(folder, 'data'), ...args],
    {
      env: { ...process.env, ...env, XDG_CACHE_HOME: join(folder, 'cache') },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  const closed = once(child, 'close');
  let log = '';
  const url = await new Promise<string>((resolve, reject) => {
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      log += text;
      const found = /murmuration: (http:\S+) serves/.exec(log)?.[1];
      if (found !== undefined) resolve(found);
    });
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}: ${log}`)));
  });
  return {
    url,
    dataFolder: folder,
    log: () => log,
    exitCode: () => child.exitCode,
    async stop({ keepData = false, signal = 'SIGTERM' } = {}) {
      child.kill(signal);
      await closed;
      if (!keepData) await rm(folder, { recursive: true, force: true, maxRetries: 3 });
      return child.exitCode;
    },
  };
}
