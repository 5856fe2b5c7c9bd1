import { spawnSync } from 'node:child_process';
import { modelTool } from './model-tool.ts';
import { report } from './report.ts';

const script = new URL('precisions.py', import.meta.url).pathname;

/** What int8 costs beside fp32 on this processor, by the size of Whisper. Minutes: turbo in fp32 is slow. */
export function measurePrecisions({
  name,
  threads,
  rounds,
  sizes,
}: {
  name: string;
  threads: number;
  rounds: number;
  sizes: readonly string[];
}): void {
  const { status, stdout } = spawnSync(modelTool('python'), [script, `${threads}`, `${rounds}`, ...sizes], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  // It has said what is wrong
  if (status !== 0) process.exit(status ?? 1);
  report(name, { threads, rounds, weights: 'random', rows: JSON.parse(stdout) });
}
