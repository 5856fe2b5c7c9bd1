import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A word and when it begins, in seconds of the recording. */
export interface TimedWord {
  readonly text: string;
  readonly startSeconds: number;
}

/** One timed transcription of one recording. */
export interface Lap {
  readonly text: string;
  /** From 16 kHz samples in memory to text. */
  readonly engineMilliseconds: number;
  /** Decoding of the file included. */
  readonly totalMilliseconds: number;
  readonly peakMegabytes: number;
  /** Where they were asked for. */
  readonly words?: readonly TimedWord[];
}

/** A transcriber in a process of its own, so that memory and threads are counted for it alone. */
export interface Contestant {
  readonly name: string;
  readonly loadMilliseconds: number;
  transcribe(file: string): Promise<Lap>;
  stop(): void;
}

/**
 * Starts a program that prints `{"loadMilliseconds"}` once it is ready, then one `Lap` as a line of JSON for each path that
 * it reads as a line.
 */
export async function startContestant(name: string, command: readonly string[]): Promise<Contestant> {
  const child = spawn(command[0]!, command.slice(1), { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async <T>(): Promise<T> => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${name} stopped with ${await exitOf(child)}: see its words above`);
    return JSON.parse(value) as T;
  };
  const { loadMilliseconds } = await answer<{ loadMilliseconds: number }>();
  return {
    name,
    loadMilliseconds,
    transcribe(file) {
      child.stdin.write(`${file}\n`);
      return answer<Lap>();
    },
    stop: () => child.stdin.end(),
  };
}

function exitOf(child: ChildProcess): Promise<string> {
  const words = () => (child.signalCode ? `signal ${child.signalCode}` : `exit code ${child.exitCode}`);
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(words());
  return new Promise((resolve) => child.once('exit', () => resolve(words())));
}
