import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { z } from 'zod';

/** nvidia-smi takes about 50 ms of a core each time. */
const EVERY_MILLISECONDS = 2000;

const QUERY = ['--query-gpu=uuid,memory.free', '--format=csv,noheader,nounits'];

const Row = z.tuple([z.string().startsWith('GPU-'), z.coerce.number().nonnegative()]);

/** Begins a program that prints a line for every GPU, again and again. */
type MemoryPrinter = () => ChildProcess;

/**
 * Begun once, not for every look: a process of some GB is blocked for 30 ms by each GB that it has when it begins another one,
 * and the thread that does it here is the one that answers requests.
 */
const nvidiaSmi: MemoryPrinter = () =>
  spawn('nvidia-smi', [...QUERY, '-lms', `${EVERY_MILLISECONDS}`], { stdio: ['ignore', 'pipe', 'ignore'] });

/** Hears of the free bytes of every GPU, by its uuid, for as long as it is not stopped by what comes back. */
export function followMemory(
  onFree: (uuid: string, bytes: number) => void,
  print = nvidiaSmi,
  pauseMilliseconds = EVERY_MILLISECONDS,
): () => void {
  let child: ChildProcess | undefined;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  function begin(): void {
    child = print();
    createInterface(child.stdout!).on('line', (line) => {
      const row = Row.safeParse(line.split(',').map((cell) => cell.trim()));
      if (row.success) onFree(row.data[0], row.data[1] * 2 ** 20);
    });
    // Nothing to run: that ends it as well
    child.on('error', () => undefined);
    child.once('close', () => {
      if (!stopped) timer = setTimeout(begin, pauseMilliseconds).unref();
    });
    child.unref();
  }

  begin();
  return () => {
    stopped = true;
    clearTimeout(timer);
    child?.kill();
  };
}
