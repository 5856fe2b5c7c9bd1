import { ChildProcess, spawn } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { followMemory } from '../../../functions/transcribe-gpu/devices/follow-memory.ts';

const MEBIBYTE = 2 ** 20;

const running = (script: string) => spawn('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'ignore'] });
const printing = (text: string) => running(`printf '${text}'`);

/** Each time that a program is to be begun, the next of these; the last one again and again. */
function inTurn(...programs: (() => ChildProcess)[]) {
  let begun = 0;
  return { begun: () => begun, print: () => programs[Math.min(begun++, programs.length - 1)]!() };
}

const soon = { timeout: 30_000 };

describe('what is free on the GPUs', () => {
  it('is read line by line from one program, and from another where that ends', async () => {
    const told: [string, number][] = [];
    const table = 'GPU-a, 3\\nGPU-b, [N/A]\\nGPU-b, \\nNVIDIA-SMI has failed\\nGPU-b, 0\\n';
    const { print, begun } = inTurn(() => printing(table));
    const stop = followMemory((uuid, bytes) => told.push([uuid, bytes]), print, 1);
    await expect.poll(() => told.length, soon).toBeGreaterThan(3);
    stop();
    expect(told.slice(0, 4)).toEqual([
      ['GPU-a', 3 * MEBIBYTE],
      ['GPU-b', 0],
      ['GPU-a', 3 * MEBIBYTE],
      ['GPU-b', 0],
    ]);
    expect(begun()).toBeGreaterThan(1);
  });

  it('is not known where there is no such program', async () => {
    const { print, begun } = inTurn(() =>
      spawn('/nowhere/nvidia-smi', { stdio: ['ignore', 'pipe', 'ignore'] }),
    );
    const stop = followMemory(() => undefined, print, 1);
    await expect.poll(begun, soon).toBeGreaterThan(1);
    stop();
  });

  it('is known again after a program could not be begun, or fell silent', async () => {
    const cannot = () => {
      throw new Error('spawn ENOMEM');
    };
    /** As `spawn` leaves one where no more files may be opened: without pipes. */
    const withoutPipes = () => {
      const child = new ChildProcess();
      queueMicrotask(() => child.emit('error', new Error('spawn EMFILE')) && child.emit('close', -24));
      return child;
    };
    // Hangs so that nothing but SIGKILL ends it
    const silent = () => running("trap '' TERM; exec sleep 60");
    const { print } = inTurn(cannot, withoutPipes, silent, () => printing('GPU-a, 3\\n'));
    const told: string[] = [];
    // The last one is begun anew where a busy machine lets it say nothing for so long
    const stop = followMemory((uuid) => told.push(uuid), print, 1, 1000);
    await expect.poll(() => told[0], soon).toBe('GPU-a');
    stop();
  });

  it('is heard of no more once that was stopped', async () => {
    const told: string[] = [];
    const { print } = inTurn(() => printing('GPU-a, 3\\nGPU-b, 3\\n'));
    const stop = followMemory(
      (uuid) => {
        told.push(uuid);
        stop();
      },
      print,
      1,
    );
    await expect.poll(() => told.length, soon).toBeGreaterThan(0);
    expect(told).toEqual(['GPU-a']);
  });
});
