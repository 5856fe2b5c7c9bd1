import { createHash } from 'node:crypto';
import { parseArgs } from 'node:util';
import { toSixteenBit } from '@murmuration/pipeline/audio/sixteen-bit';
import { DecodingOptions } from '@murmuration/pipeline/contract/decoding';
import { keys } from '@murmuration/pipeline/keys';
import { serveBucket } from '../functions/transcribe-gpu/bucket-server.ts';
import { noise } from './gpu/noise.ts';
import { startStandIn } from './serving/start-stand-in.ts';
import { type ThreadSeconds, threadSeconds } from './serving/thread-seconds.ts';

const help = `What the GPU server itself works for a segment of 30 s, without a GPU: its devices are stand-ins that take a GPU's time
and compute nothing. Its main thread is what all GPUs share: 1000 / "main ms" segments a second are the most that it can serve.

  npm run bench:serving -- [DEVICES...]   default: 1 2 (Linux; the load and its bucket are this process)

  --requests N    of each of 32 clients for a device, with 8 segments each (default 4)
  --batch-ms A,B  a batch of N segments takes a device A + N * B ms (default 40,7: one H100)
  --profile DIR   leaves the server's CPU profiles there`;

const SECONDS = 30;
const SEGMENTS_PER_REQUEST = 8;
const CLIENTS_PER_DEVICE = 32;

function refuse(problem: string): never {
  console.error(`bench:serving: ${problem} (see --help)`);
  process.exit(2);
}

function given() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        requests: { type: 'string', default: '4' },
        'batch-ms': { type: 'string', default: '40,7' },
        profile: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    return refuse((error as Error).message);
  }
}

function numbersOf(what: string, words: readonly string[], least: number): number[] {
  const numbers = words.map(Number);
  if (numbers.every((number) => number >= least)) return numbers;
  return refuse(`${what} are "${words.join(' ')}": give numbers from ${least}`);
}

const { values, positionals } = given();
if (values.help) {
  console.log(help);
  process.exit(0);
}
const counts = numbersOf('devices', positionals.length > 0 ? positionals : ['1', '2'], 1);
const [requests] = numbersOf('requests', [values.requests], 1) as [number];
const [fixedMilliseconds, millisecondsPerSegment = 0] = numbersOf(
  'batch-ms',
  values['batch-ms'].split(','),
  0,
) as [number, number?];

const sound = toSixteenBit(noise(SECONDS * 16_000));
const sha256 = createHash('sha256').update(sound).digest('hex');
const segments = Array.from({ length: SEGMENTS_PER_REQUEST }, (_, index) => ({
  ...{ index, startSeconds: index * SECONDS, endSeconds: (index + 1) * SECONDS, overlapSeconds: 0 },
  ...{ byteStart: index * sound.length, byteEnd: (index + 1) * sound.length, sha256 },
}));
const object = Buffer.concat(segments.map(() => sound));

async function measure(devices: number) {
  const bucket = await serveBucket('recordings', new Map([[keys.audio('job'), object]]));
  const server = startStandIn(
    { devices, fixedMilliseconds, millisecondsPerSegment },
    bucket.url,
    values.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${values.profile}`],
  );
  const url = `http://127.0.0.1:${await server.port}/invocations`;
  const body = JSON.stringify({
    ...{ kind: 'batch', bucket: 'recordings', jobId: 'job', index: 0, model: 'any', segments },
    decoding: DecodingOptions.parse({ language: 'en' }),
  });
  const load = (each: number) =>
    Promise.all(
      Array.from({ length: devices * CLIENTS_PER_DEVICE }, async () => {
        for (let i = 0; i < each; i++) {
          const response = await fetch(url, { method: 'POST', body });
          if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
          await response.json();
        }
      }),
    );
  try {
    await load(1);
    const before = threadSeconds(server.pid);
    const startedAt = performance.now();
    await load(requests);
    const seconds = (performance.now() - startedAt) / 1000;
    return toRow(devices, seconds, before, threadSeconds(server.pid));
  } finally {
    await server.stop();
    await bucket.close();
  }
}

function toRow(devices: number, seconds: number, before: ThreadSeconds, after: ThreadSeconds) {
  const count = devices * CLIENTS_PER_DEVICE * requests * SEGMENTS_PER_REQUEST;
  const millisecondsOf = (part: keyof ThreadSeconds) =>
    Number((((after[part] - before[part]) * 1000) / count).toFixed(2));
  return {
    ...{ devices, segments: count, 'segments/s': Math.round(count / seconds) },
    ...{ 'main ms': millisecondsOf('main'), 'all threads ms': millisecondsOf('all') },
    'main busy %': Math.round(((after.main - before.main) * 100) / seconds),
  };
}

const rows = [];
for (const devices of counts) rows.push(await measure(devices));
console.table(rows);
