import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../functions/cli/murmuration.mjs', import.meta.url));

export interface Serving {
  /** Such as `http://127.0.0.1:41234`. */
  readonly address: string;
  /** What it wrote to stderr so far. */
  notes(): string;
  stop(): Promise<void>;
}

/** `murmuration serve` as users start it, on a free port and with a data folder of its own. */
export async function startServe(options: readonly string[] = []): Promise<Serving> {
  const folder = await mkdtemp(join(tmpdir(), 'murmuration-serve-'));
  const child = spawn(
    process.execPath,
    [program, 'serve', '--port', '0', '--data', folder, '--no-cache', ...options],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let notes = '';
  const address = await new Promise<string>((resolve, reject) => {
    child.stderr.on('data', (chunk: Buffer) => {
      notes += chunk;
      const [found] = /http:\/\/[\w.:]+(?= serves)/.exec(notes) ?? [];
      if (found !== undefined) resolve(found);
    });
    child.once('exit', (code) => reject(new Error(`serve ended with ${code}: ${notes}`)));
  });
  return {
    address,
    notes: () => notes,
    async stop() {
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      await gone;
      await rm(folder, { recursive: true });
    },
  };
}
