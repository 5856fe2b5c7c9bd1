import { spawn } from 'node:child_process';

/** Looks at the GPU's memory every 50 ms; `peakMebibytes` since the last look of the same kind. */
export function watchMemory() {
  const every = ['--query-gpu=memory.used', '--format=csv,noheader,nounits', '-lms', '50'];
  const child = spawn('nvidia-smi', every, { stdio: ['ignore', 'pipe', 'ignore'] });
  // No driver on this machine: then nothing is seen
  child.on('error', () => undefined);
  let peak = 0;
  child.stdout.on('data', (data: Buffer) => {
    for (const line of data.toString().split('\n')) peak = Math.max(peak, Number(line));
  });
  return {
    async peakMebibytes(): Promise<number> {
      // Until the last look has come in
      await new Promise((resolve) => setTimeout(resolve, 150));
      const seen = peak;
      peak = 0;
      return seen;
    },
    stop: () => child.kill(),
  };
}
