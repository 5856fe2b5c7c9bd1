import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const binary = fileURLToPath(new URL('../../functions/cli/murmuration.mjs', import.meta.url));

const cacheFolder = mkdtempSync(join(tmpdir(), 'murmuration-cache-'));
process.on('exit', () => rmSync(cacheFolder, { recursive: true, force: true }));

/** Path of a recording that the repository carries. */
export const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/audio/${name}`, import.meta.url));

export interface CliRun {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliRunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Called with each piece of stdout, to act while the program runs. */
  readonly onStdout?: ((child: ChildProcess) => void) | undefined;
}

/** Runs the real binary, as the leader of its own process group, to its end. */
export function runCli(args: readonly string[], { env = {}, onStdout }: CliRunOptions = {}): Promise<CliRun> {
  return run(process.execPath, [binary, ...args], { env, onStdout });
}

/** A line of shell in which "$0" "$1" is the program and "$2" … are `args`. */
export function runShell(line: string, args: readonly string[]): Promise<CliRun> {
  return run('bash', ['-c', line, process.execPath, binary, ...args], {});
}

function run(
  command: string,
  args: readonly string[],
  { env = {}, onStdout }: CliRunOptions,
): Promise<CliRun> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      detached: true,
      // Nobody's own cache is read or filled
      env: { ...process.env, XDG_CACHE_HOME: cacheFolder, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      onStdout?.(child);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', reject);
    child.on('close', (exitCode) => resolve({ exitCode, stdout, stderr }));
  });
}
