import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { PcmProcess } from '@murmuration/media/pcm-process';
import { spareProcess } from '@murmuration/media/spare-process';
import { describe, expect, it } from 'vitest';

/** Counts what is started, and lets a test end it. */
function starter() {
  const started: (PcmProcess & { held: boolean; end(): void })[] = [];
  const start = () => {
    let gone = false;
    const fake = {
      held: true,
      end() {
        gone = true;
      },
      isGone: () => gone,
      hold() {
        fake.held = true;
      },
      release() {
        fake.held = false;
      },
    } as (typeof started)[number];
    started.push(fake);
    return fake;
  };
  return { started, start };
}

describe('spareProcess', () => {
  it('starts one ahead, never two, and it does not hold the program', () => {
    const { started, start } = starter();
    const spare = spareProcess(start);
    spare.prepare();
    spare.prepare();
    expect(started.map(({ held }) => held)).toEqual([false]);
  });

  it('gives the one that waits, held, and then starts anew', () => {
    const { started, start } = starter();
    const spare = spareProcess(start);
    spare.prepare();
    const taken = [spare.take(), spare.take()];
    expect(taken).toEqual(started);
    expect(started.map(({ held }) => held)).toEqual([true, true]);
  });

  it('starts another where the one that waited has died', () => {
    const { started, start } = starter();
    const spare = spareProcess(start);
    spare.prepare();
    started[0]!.end();
    expect(spare.take()).toBe(started[1]);
  });
});

describe('the decoder that waits', () => {
  const program = (after: string) => [
    '--import', 'tsx', '--input-type=module', '-e',
    `import { nodeAvDecoder } from '@murmuration/media/node-av-decoder'; nodeAvDecoder(); ${after}`,
  ]; // biome-ignore format: a command
  const cwd = join(import.meta.dirname, '../..');

  it('lets its program end', async () => {
    await promisify(execFile)(process.execPath, program(''), { cwd, timeout: 30_000 });
  });

  it.skipIf(process.platform !== 'linux')('ends when its program is killed', async () => {
    const child = `const { execFileSync } = await import('node:child_process');
      console.log(execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(process.pid)]).toString());
      setInterval(() => {}, 1000);`;
    const parent = spawn(process.execPath, program(child), { cwd, stdio: ['ignore', 'pipe', 'inherit'] });
    const [output] = (await once(parent.stdout, 'data')) as [Buffer];
    const waiting = output
      .toString()
      .split('\n')
      .filter((line) => line.includes('node-av-child.mjs'))
      .map((line) => Number.parseInt(line, 10));
    parent.kill('SIGKILL');
    const alive = (pid: number) => {
      try {
        return process.kill(pid, 0);
      } catch {
        return false;
      }
    };
    expect(waiting).toHaveLength(1);
    await expect.poll(() => waiting.filter(alive), { timeout: 10_000 }).toEqual([]);
  });
});
