import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const leash = fileURLToPath(new URL('leash.mjs', import.meta.url));

export interface ProcessPlan {
  readonly command: string;
  readonly args?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly folder?: string;
  /** Takes all that it prints. */
  readonly logFile: string;
  /** Tried until it is true. */
  readonly ready: () => Promise<boolean>;
  /** @default 60 */
  readonly readySeconds?: number;
}

export interface RunningProcess {
  /** Settles when the process, and all that it started, has ended. */
  stop(): Promise<void>;
}

/** Starts a process that cannot outlive this one, and waits until it is ready. */
export async function startProcess(plan: ProcessPlan): Promise<RunningProcess> {
  const log = openSync(plan.logFile, 'a');
  const process_ = spawn(process.execPath, [leash, plan.command, ...(plan.args ?? [])], {
    stdio: ['pipe', log, log],
    cwd: plan.folder,
    env: { ...process.env, ...plan.environment },
  });
  closeSync(log);
  const ended = new Promise<void>((resolve) => process_.once('exit', () => resolve()));
  const stop = async () => {
    process_.stdin!.end();
    await ended;
  };
  const deadline = Date.now() + (plan.readySeconds ?? 60) * 1000;
  while (!(await plan.ready().catch(() => false))) {
    if (process_.exitCode !== null || Date.now() > deadline) {
      await stop();
      const lastLines = readFileSync(plan.logFile, 'utf8').slice(-2_000);
      throw new Error(`${plan.command} did not become ready; it printed:\n${lastLines}`);
    }
    await wait(50);
  }
  return { stop };
}
