import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { z } from 'zod';

/** nvidia-smi takes about 50 ms of a core each time. */
const EVERY_MILLISECONDS = 2000;

/** A driver in trouble can hold nvidia-smi up for ever; what it said last would be believed for as long. */
const SILENT_MILLISECONDS = 30_000;

const QUERY = ['--query-gpu=uuid,memory.free', '--format=csv,noheader,nounits'];

/** An empty cell is no 0: that would leave batches of one segment. */
const Row = z.tuple([z.string().startsWith('GPU-'), z.string().regex(/^\d+$/).transform(Number)]);

/** Begins a program that prints a line for every GPU, again and again. */
type MemoryPrinter = () => ChildProcess;

/**
 * Begun once, not for every look: a process of some GB is blocked for 30 ms by each GB that it has when it begins another one,
 * and the thread that does it here is the one that answers requests.
 */
const nvidiaSmi: MemoryPrinter = () =>
  spawn('nvidia-smi', [...QUERY, '-lms', `${EVERY_MILLISECONDS}`], { stdio: ['ignore', 'pipe', 'ignore'] });

/**
 * Hears of the free bytes of every GPU, by its uuid, for as long as it is not stopped by what comes back. A program that ends,
 * cannot be begun or falls silent is followed by another.
 */
export function followMemory(
  onFree: (uuid: string, bytes: number) => void,
  print = nvidiaSmi,
  pauseMilliseconds = EVERY_MILLISECONDS,
  silentMilliseconds = SILENT_MILLISECONDS,
): () => void {
  let child: ChildProcess | undefined;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  function begin(): void {
    try {
      child = print();
    } catch {
      // No memory for another process: this one goes on with what it heard last
      again();
      return;
    }
    const begun = child;
    const silence = setTimeout(() => begun.kill('SIGKILL'), silentMilliseconds).unref();
    // There is none where this process may open no more files
    if (begun.stdout) {
      createInterface(begun.stdout).on('line', (line) => {
        silence.refresh();
        const row = Row.safeParse(line.split(',').map((cell) => cell.trim()));
        if (row.success && !stopped) onFree(row.data[0], row.data[1] * 2 ** 20);
      });
    }
    // Nothing to run: that ends it as well
    begun.on('error', () => undefined);
    begun.once('close', () => {
      clearTimeout(silence);
      again();
    });
    begun.unref();
  }

  function again(): void {
    if (!stopped) timer = setTimeout(begin, pauseMilliseconds).unref();
  }

  begin();
  return () => {
    stopped = true;
    clearTimeout(timer);
    child?.kill();
  };
}
