import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg } from 'node:os';

/** More threads than this gain nothing on graphs of Whisper's widths: the decoder's steps are too small to share. */
const MOST_THREADS = 8;

/** Threads for one session: the physical cores this process may use, at most 8. Hyperthreads share their matrix units. */
export function defaultThreads(): number {
  return Math.max(1, Math.min(availableParallelism(), physicalCores(), MOST_THREADS));
}

function physicalCores(): number {
  const folder = '/sys/devices/system/cpu';
  try {
    const siblings = readdirSync(folder)
      .filter((name) => /^cpu\d+$/.test(name))
      .map((name) => readFileSync(`${folder}/${name}/topology/thread_siblings_list`, 'utf8').trim());
    return new Set(siblings).size || Number.POSITIVE_INFINITY;
  } catch {
    // Not Linux, or /sys is hidden as in some sandboxes: all that is known is the count of logical ones
    return Number.POSITIVE_INFINITY;
  }
}

/** Whether at most half of the cores were busy in the last minute. */
export function isIdle(load: number = loadavg()[0]!, cores: number = cpus().length): boolean {
  return load <= cores / 2;
}
