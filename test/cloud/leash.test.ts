import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const startProcess = new URL('start-process.ts', import.meta.url).href;
let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'murmuration-leash-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const isAlive = (pid: number) => {
  try {
    // A process that ended but was not collected yet is a zombie: it does nothing any more.
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};

/** An owner in a process of its own, who holds a shell on a leash; the shell starts another one, which may ignore SIGTERM. */
async function startOwner({ stubborn }: { stubborn: boolean }) {
  const trap = stubborn ? "trap '' TERM;" : '';
  const shell = `echo $$ > shell.pid; (${trap} echo $BASHPID > child.pid; while :; do sleep 0.1; done) & ${trap} wait`;
  const plan = { command: 'bash', args: ['-c', shell], folder, logFile: join(folder, 'log') };
  const code = `
    import { existsSync } from 'node:fs';
    import { startProcess } from '${startProcess}';
    const { stop } = await startProcess(${JSON.stringify(plan)}, async () => existsSync('${folder}/child.pid'));
    process.stdin.once('data', async () => { await stop(); console.log('stopped'); process.exit(); });
    console.log('ready');`;
  const owner = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', code], {
    stdio: ['pipe', 'pipe', 'inherit'],
    cwd: fileURLToPath(new URL('.', import.meta.url)),
  });
  await once(owner.stdout, 'data');
  const pids = ['shell.pid', 'child.pid'].map((file) => Number(readFileSync(join(folder, file), 'utf8')));
  return { owner, pids };
}

describe.runIf(process.platform === 'linux')('what is on a leash', () => {
  it('ends with all that it started, even what ignores SIGTERM, when its owner says so', async () => {
    const { owner, pids } = await startOwner({ stubborn: true });
    expect(pids.map(isAlive)).toEqual([true, true]);
    owner.stdin.write('stop\n');
    await once(owner.stdout, 'data');
    expect(pids.map(isAlive)).toEqual([false, false]);
  });

  it.each(['SIGKILL', 'SIGINT'] as const)('ends when its owner dies of %s', async (signal) => {
    const { owner, pids } = await startOwner({ stubborn: false });
    owner.kill(signal);
    while (pids.some(isAlive)) await wait(50);
    expect(pids.map(isAlive)).toEqual([false, false]);
  });
});
