/** measure.mjs MODELS RESULT [PART...]: runs on the GPU machine; README.md says how it comes there. Each part may fail alone. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { measureBare } from './measure-bare.ts';
import { measureContexts } from './measure-contexts.ts';
import { measureServer } from './measure-server.ts';
import { measureWords } from './measure-words.ts';

const [models, result, ...only] = process.argv.slice(2) as [string, string, ...string[]];
const report: Record<string, unknown> = {};

async function part(name: string, measure: () => unknown): Promise<void> {
  if (only.length > 0 && !only.includes(name) && name !== 'device') return;
  const startedAt = performance.now();
  try {
    report[name] = await measure();
  } catch (error) {
    report[name] = { failed: error instanceof Error ? error.message : String(error) };
  }
  writeFileSync(result, `${JSON.stringify(report, null, 2)}\n`);
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  console.log(`${name} (${seconds} s)\n${JSON.stringify(report[name], null, 1)}`);
}

function lines(command: string, ...values: string[]): string[] {
  const { stdout, stderr, status } = spawnSync(command, values, { encoding: 'utf8', timeout: 120_000 });
  if (status !== 0) throw new Error(`${command} ended with ${status}: ${stderr.slice(-300)}`);
  return stdout.split('\n').filter((line) => line.trim() !== '');
}

const turbo = `${models}/random-turbo-fp16`;
await part(
  'device',
  () => lines('nvidia-smi', '--query-gpu=name,driver_version', '--format=csv,noheader')[0],
);
await part('words', () =>
  measureWords(`${models}/whisper-tiny.en-fp16`, JSON.parse(readFileSync('clips.json', 'utf8'))),
);
await part('contexts', () => measureContexts(`${models}/whisper-tiny.en-fp16`));
await part('bare', () => measureBare(turbo));
await part('transformers', () =>
  lines('python3', 'transformers_baseline.py', '1,64,128').map((line) => JSON.parse(line) as unknown),
);
await part('server', () => measureServer(turbo));
process.exit(0);
