import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const leash = fileURLToPath(new URL('leash.mjs', import.meta.url));

export interface ProcessPlan {
  readonly command: string;
  readonly args?: readonly string[];
  /** All variables that it sees. @default those of this process */
  readonly environment?: NodeJS.ProcessEnv;
  readonly folder?: string;
  /** Takes all that it prints. */
  readonly logFile: string;
}

export interface RunningProcess {
  /** Settles when the process, and all that it started, has ended. */
  stop(): Promise<void>;
}

/** Starts a process that cannot outlive this one, and waits until `ready`, tried again and again, is true. */
export async function startProcess(
  plan: ProcessPlan,
  ready: () => Promise<boolean>,
  readySeconds = 60,
): Promise<RunningProcess> {
  const { child, ended } = onLeash(plan);
  const stop = async () => {
    child.stdin!.end();
    await ended;
  };
  const deadline = Date.now() + readySeconds * 1000;
  while (!(await ready().catch(() => false))) {
    if (child.exitCode !== null || Date.now() > deadline) {
      await stop();
      throw new Error(`${plan.command} did not become ready; it printed:\n${lastLines(plan)}`);
    }
    await wait(50);
  }
  return { stop };
}

/** Runs a command to its end; it cannot outlive this process. Throws what it printed last if it fails. */
export async function runProcess(plan: ProcessPlan, limitSeconds: number): Promise<void> {
  const { child, ended } = onLeash(plan);
  const timer = setTimeout(() => child.stdin!.end(), limitSeconds * 1000);
  await ended;
  clearTimeout(timer);
  if (child.exitCode !== 0) {
    const command = [plan.command, ...(plan.args ?? [])].join(' ');
    throw new Error(`${command} failed or took over ${limitSeconds} s; it printed:\n${lastLines(plan)}`);
  }
}

function onLeash(plan: ProcessPlan): { child: ChildProcess; ended: Promise<void> } {
  const log = openSync(plan.logFile, 'a');
  const child = spawn(process.execPath, [leash, plan.command, ...(plan.args ?? [])], {
    stdio: ['pipe', log, log],
    cwd: plan.folder,
    env: plan.environment ?? process.env,
  });
  closeSync(log);
  return { child, ended: new Promise((resolve) => child.once('exit', () => resolve())) };
}

const lastLines = (plan: ProcessPlan) => readFileSync(plan.logFile, 'utf8').slice(-4_000);
