/**
 * measure.mjs MODELS RESULT [PART...]: runs on the GPU machine; README.md says how it comes there. Each part may fail alone;
 * then the exit code is 1. What RESULT holds of other parts stays.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readManifest } from '@murmuration/whisper/load-model';
import { describe } from './describe-error.ts';
import { goals } from './goals.ts';
import { measureBare } from './measure-bare.ts';
import { capturedPorts, measureCaptured } from './measure-captured.ts';
import { measureContexts } from './measure-contexts.ts';
import { measureMemory } from './measure-memory.ts';
import { measureModels } from './measure-models.ts';
import { measureServer } from './measure-server.ts';
import { measureSessions } from './measure-sessions.ts';
import { measureSteps } from './measure-steps.ts';
import { measureVariants } from './measure-variants.ts';
import { measureWords } from './measure-words.ts';
import { workload } from './workload.ts';

const [models, result, ...only] = process.argv.slice(2) as [string, string, ...string[]];
const report: Record<string, unknown> = existsSync(result) ? JSON.parse(readFileSync(result, 'utf8')) : {};
const failed: string[] = [];

async function part(name: string, measure: () => unknown): Promise<void> {
  if (only.length > 0 && !only.includes(name) && name !== 'device') return;
  const startedAt = performance.now();
  try {
    report[name] = await measure();
  } catch (error) {
    report[name] = { failed: describe(error) };
    failed.push(name);
  }
  writeFileSync(result, `${JSON.stringify(report, null, 2)}\n`);
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  console.log(`${name} (${seconds} s)\n${JSON.stringify(report[name], null, 1)}`);
}

function lines(command: string, ...values: string[]): string[] {
  const { stdout, stderr, status } = spawnSync(command, values, { encoding: 'utf8', timeout: 120_000 });
  if (status !== 0) throw new Error(`${command} ended with ${status}: ${stderr?.slice(-300)}`);
  return stdout.split('\n').filter((line) => line.trim() !== '');
}

const turbo = `${models}/random-turbo-fp16`;
const tiny = 'whisper-tiny.en-fp16';
/** The same weights, whose steps read the audio's keys and values in int8. */
const int8 = '-int8-cache';
/** Models of random weights and other shapes than turbo's, and turbo. */
const randomModels = () =>
  readdirSync(models)
    .filter((name) => name.startsWith('random-') && !name.endsWith(int8))
    .toSorted();

function device(): string {
  if (workload.provider === 'cpu') return 'a processor: only a dry run';
  return lines('nvidia-smi', '--query-gpu=name,driver_version', '--format=csv,noheader')[0]!;
}

/** Compares the loop's tokens with CTranslate2's, which pack.sh has kept; leaves the manifest beside the report. */
async function verify(folder: string) {
  const program = join(process.env['REPOSITORY'] ?? '.', 'models/verify.py');
  lines(process.env['PYTHON'] ?? 'python3', program, folder, '--reference', 'reference');
  const { id, verified } = await readManifest(folder);
  copyFileSync(join(folder, 'manifest.json'), join(dirname(result), `${id}.manifest.json`));
  return verified;
}

/** Leaves what `variants --record --gpu` reads beside the report. The whole weights are the table's first row. */
async function variants(whole: string) {
  const folder = `${models}/variants`;
  if (!existsSync(folder)) return 'none was packed: give pack.sh VARIANTS';
  const baseline = 'whisper-tiny.en-fp32';
  const others = readdirSync(folder).map((name) => [name, join(folder, name)]);
  const folders = { [baseline]: whole, ...Object.fromEntries(others) };
  const measured = await measureVariants(folders, baseline, clips(), device().split(',')[0]!);
  writeFileSync(join(dirname(result), 'variants.json'), `${JSON.stringify(measured.speeds, null, 2)}\n`);
  return measured;
}

await part('device', device);
const clips = () => JSON.parse(readFileSync('clips.json', 'utf8'));
await part('words', () => measureWords(`${models}/${tiny}`, clips()));
await part('verify', () => verify(`${models}/${tiny}`));
await part('variants', () => variants(`${models}/${tiny}`));
await part('steps', () => measureSteps(turbo, turbo + int8));
await part('captured', () => measureCaptured(turbo, turbo + int8));
await part('capturedWords', async () => ({
  ...(await measureWords(`${models}/${tiny}`, clips(), capturedPorts)),
  int8Cache: await measureWords(`${models}/${tiny}${int8}`, clips(), capturedPorts),
}));
await part('bare', () => measureBare(turbo));
await part('sessions', () => measureSessions(turbo, turbo + int8));
await part('server', () => measureServer(turbo));
await part('serverOfTwoSessions', () =>
  measureServer(turbo, { SESSIONS_PER_GPU: '2', LATENCY_TARGET_MILLISECONDS: '4000' }),
);
await part('memory', () => measureMemory(turbo));
await part('models', () =>
  measureModels(Object.fromEntries(randomModels().map((name) => [name, `${models}/${name}`]))),
);
await part('contexts', () => measureContexts(`${models}/${tiny}`));
await part('transformers', () =>
  lines('python3', 'transformers_baseline.py', workload.transformersBatches).map(
    (line) => JSON.parse(line) as unknown,
  ),
);
console.table(goals(report));
if (failed.length > 0) console.log(`failed: ${failed.join(', ')}`);
process.exit(failed.length > 0 ? 1 : 0);
