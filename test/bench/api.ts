import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { median } from '../../functions/cli/median.ts';
import { report } from './report.ts';

const binary = new URL('../../functions/cli/murmuration.mjs', import.meta.url).pathname;
const recordings = ['wreck-a-nice-beach.wav', 'whats-the-weather-like.mp3', 'jfk.flac'];

/** What a client of `murmuration serve` waits for the text of a short recording: one request after the other, no cache. */
export async function measureApi({
  name,
  threads,
  rounds,
}: {
  name: string;
  threads: number;
  rounds: number;
}): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'murmuration-bench-'));
  const options = ['serve', '--port', '0', '--no-cache', '--data', folder, '--threads', `${threads}`];
  const server = spawn(process.execPath, [binary, ...options], { stdio: ['ignore', 'ignore', 'pipe'] });
  try {
    const url = await new Promise<string>((resolve, reject) => {
      let log = '';
      server.stderr.setEncoding('utf8').on('data', (text: string) => {
        log += text;
        const found = /(http:\S+) serves/.exec(log)?.[1];
        if (found !== undefined) resolve(found);
      });
      server.once('exit', () => reject(new Error(`the server ended: ${log}`)));
    });
    const rows: Record<string, string | number>[] = [];
    for (const recording of recordings) {
      const bytes = await readFile(new URL(`../fixtures/audio/${recording}`, import.meta.url));
      const laps: number[] = [];
      for (let round = 0; round < rounds + 2; round++) {
        const form = new FormData();
        form.append('file', new Blob([bytes]), recording);
        form.append('model', 'whisper-1');
        const startedAt = performance.now();
        const response = await fetch(`${url}/v1/audio/transcriptions`, { method: 'POST', body: form });
        await response.json();
        if (!response.ok) throw new Error(`${recording}: HTTP ${response.status}`);
        laps.push(performance.now() - startedAt);
      }
      // The first two warm up
      const warm = laps.slice(2).sort((a, b) => a - b);
      rows.push({
        recording,
        'p50 ms': Math.round(median(warm)),
        'p90 ms': Math.round(warm[Math.floor(warm.length * 0.9)]!),
        'best ms': Math.round(warm[0]!),
      });
    }
    report(name, { threads, rounds, rows });
  } finally {
    server.kill('SIGTERM');
    await once(server, 'close');
    await rm(folder, { recursive: true, force: true });
  }
}
