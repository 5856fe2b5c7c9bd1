import type { Manifest } from './manifest.ts';
import { defaultThreads } from './threads.ts';

/** More than this take more memory than they save time. */
const MOST_SESSIONS = 4;

/** A loaded graph and one run of it; tiny.en takes 100 MB with 44 MB of file, turbo's dimensions 1.6 GB with 825 MB. */
const MEMORY_PER_FILE_BYTE = 2.5;

/** As much again stays free, for the audio, the decoder and other programs. */
const SHARE_OF_MEMORY = 0.5;

/** Sessions that share so many threads best where there is work for all: one a thread, up to 4, as memory allows. */
export function sessionsFor(
  manifest: Pick<Manifest, 'files'>,
  threads: number = defaultThreads(),
  freeBytes: number = process.availableMemory(),
): number {
  const fileBytes = Object.values(manifest.files).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const fitting = Math.floor((freeBytes * SHARE_OF_MEMORY) / (fileBytes * MEMORY_PER_FILE_BYTE));
  return Math.max(1, Math.min(threads, MOST_SESSIONS, fitting));
}
