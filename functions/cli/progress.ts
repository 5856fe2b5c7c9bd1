import type { RecordingProgress } from '@murmuration/pipeline/steps/transcribe-recording';
import { printable } from './printable.ts';

export interface Progress {
  update(progress: RecordingProgress): void;
  stop(): void;
}

export interface ProgressOptions {
  readonly quiet: boolean;
  /** Show each batch's text above the bar. */
  readonly live: boolean;
}

/** A bar on stderr where a person watches it, with the text as it comes; nothing elsewhere. */
export async function openProgress(label: string, { quiet, live }: ProgressOptions): Promise<Progress> {
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
    update({ doneSeconds, totalSeconds, segments }) {
      const text = segments.map((segment) => segment.text.trim()).join(' ');
      // Over the bar, which the update below draws anew
      if (live && text.trim() !== '') process.stderr.write(`\r\x1b[K\x1b[2m${printable(text)}\x1b[22m\n`);
      const speed = (doneSeconds * 1000) / (performance.now() - startedAt);
      // Where the file does not say how long it is, the end is as far as the work has come
      bar.setTotal(Math.max(1, Math.round(Math.max(totalSeconds ?? 0, doneSeconds))));
      bar.update(Math.round(doneSeconds), { speed: speed.toFixed(1) });
    },
    stop: () => bar.stop(),
  };
}
