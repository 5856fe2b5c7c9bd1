import type { RecordingProgress } from '@murmuration/pipeline/steps/transcribe-recording';
import { printable } from './printable.ts';

export interface Progress {
  update(progress: RecordingProgress): void;
  stop(): void;
}

/** A bar on stderr where a person watches it; nothing elsewhere. */
export async function openProgress(label: string, quiet: boolean): Promise<Progress> {
  if (quiet || !process.stderr.isTTY) return { update() {}, stop() {} };
  const { SingleBar } = (await import('cli-progress')).default;
  const bar = new SingleBar({
    format: `{label} [{bar}] {percentage}% | {value} of {total} s | {speed} × real time`,
    stream: process.stderr,
    clearOnComplete: true,
    hideCursor: true,
  });
  const startedAt = performance.now();
  bar.start(1, 0, { speed: '–', label: printable(label) });
  return {
    update({ doneSeconds, totalSeconds }) {
      const speed = (doneSeconds * 1000) / (performance.now() - startedAt);
      // Where the file does not say how long it is, the end is as far as the work has come
      bar.setTotal(Math.max(1, Math.round(Math.max(totalSeconds ?? 0, doneSeconds))));
      bar.update(Math.round(doneSeconds), { speed: speed.toFixed(1) });
    },
    stop: () => bar.stop(),
  };
}
