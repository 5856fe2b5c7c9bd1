import { readdirSync, readFileSync } from 'node:fs';

/** What a process has worked so far, of the processor's time. */
export interface ThreadSeconds {
  readonly main: number;
  readonly all: number;
}

/** Reads it from Linux, which counts every thread in ns. */
export function threadSeconds(pid: number): ThreadSeconds {
  const secondsOf = (thread: string) =>
    Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]) / 1e9;
  const seconds = new Map(readdirSync(`/proc/${pid}/task`).map((thread) => [thread, secondsOf(thread)]));
  return { main: seconds.get(`${pid}`)!, all: [...seconds.values()].reduce((sum, each) => sum + each, 0) };
}
