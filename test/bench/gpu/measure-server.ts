import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createInterface } from 'node:readline';
import { toSixteenBit } from '@murmuration/pipeline/audio/sixteen-bit';
import { BatchResult } from '@murmuration/pipeline/contract/batch-result';
import { DecodingOptions } from '@murmuration/pipeline/contract/decoding';
import { keys } from '@murmuration/pipeline/keys';
import { createEngine } from '@murmuration/whisper/engine';
import { serveBucket } from '../../functions/transcribe-gpu/bucket-server.ts';
import { noise } from './noise.ts';
import { openAsServed } from './open-as-served.ts';
import { workload } from './workload.ts';

const SECONDS = 30;
const SEGMENTS_PER_BATCH = 8;
const BATCH_ROWS = workload.serverRows;
const decoding = DecodingOptions.parse({
  language: 'en',
  temperatures: [0],
  noSpeechThreshold: 1,
  logprobThreshold: -1000,
});

/** Random weights never end: what ran into the limit of its tokens would be heard again, what counts as silence is not. */
const once = { ...decoding, noSpeechThreshold: 0, logprobThreshold: 0 };

/** What the server says of itself once it is ready. */
interface ReadyEntry {
  readonly gpus: readonly string[];
  readonly devices: readonly { readonly name: string }[];
}

/**
 * Batches of 8 segments from a stand-in for S3, 32 requests at a time for each device, beside the bare engine, one session on
 * one GPU, on the same segments. `environment` is for the server alone.
 */
export async function measureServer(modelFolder: string, environment: Readonly<Record<string, string>> = {}) {
  const pcm = noise(SECONDS * 16_000);
  const engine = await createEngine(
    { modelFolder, batchSize: BATCH_ROWS },
    { openSession: (model) => openAsServed(model) },
  );
  const rows = new Array<Float32Array>(BATCH_ROWS).fill(pcm);
  await engine.transcribe(rows, decoding);
  const bareStart = performance.now();
  const bareBatches = 6;
  // Two calls at a time, as the server does: one is prepared while the other is computed
  const half = async () => {
    for (let i = 0; i < bareBatches / 2; i++) await engine.transcribe(rows, decoding);
  };
  await Promise.all([half(), half()]);
  const bareRealTime = (bareBatches * BATCH_ROWS * SECONDS * 1000) / (performance.now() - bareStart);
  await engine.close();

  const bytes = Buffer.concat(new Array<Uint8Array>(SEGMENTS_PER_BATCH).fill(toSixteenBit(pcm)));
  const size = bytes.length / SEGMENTS_PER_BATCH;
  const bucket = await serveBucket('recordings', new Map([[keys.audio('job'), bytes]]));
  const started = performance.now();
  const child = spawn(process.execPath, ['server.mjs'], {
    env: {
      ...process.env,
      ...{
        PORT: '0',
        HOST: '127.0.0.1',
        BUCKET: 'recordings',
        MODEL_FOLDER: modelFolder,
        PROVIDER: workload.provider,
        // Random weights have no reference
        UNVERIFIED_MODELS: 'allow',
        MOST_REQUESTS: '1024',
      },
      ...{
        AWS_ENDPOINT_URL: bucket.url,
        AWS_REGION: 'us-east-1',
        AWS_ACCESS_KEY_ID: 'test',
        AWS_SECRET_ACCESS_KEY: 'test',
      },
      ...{ LOG_LEVEL: 'INFO', LATENCY_TARGET_MILLISECONDS: '2000' },
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const log: Record<string, unknown>[] = [];
  const ready = new Promise<ReadyEntry>((resolve, reject) => {
    createInterface(child.stdout).on('line', (line) => {
      // A library may print, too
      if (!line.startsWith('{')) return;
      const entry = JSON.parse(line) as Record<string, unknown>;
      if (log.length < 20) log.push(entry);
      if (entry['msg'] === 'ready') resolve(entry as unknown as ReadyEntry);
    });
    child.once('exit', (code) =>
      reject(new Error(`the server ended with ${code}: ${JSON.stringify(log).slice(-500)}`)),
    );
  });
  const facts = await ready;
  const readySeconds = (performance.now() - started) / 1000;
  const url = `http://127.0.0.1:${log.find(({ msg }) => msg === 'listening')!['port']}`;

  // Once: the load must not take what the server is measured at
  const sha256 = createHash('sha256').update(bytes.subarray(0, size)).digest('hex');
  const segments = Array.from({ length: SEGMENTS_PER_BATCH }, (_, index) => ({
    ...{ index, startSeconds: index * SECONDS, endSeconds: (index + 1) * SECONDS, overlapSeconds: 0 },
    ...{ byteStart: index * size, byteEnd: (index + 1) * size, sha256 },
  }));

  async function invoke(jobId: string): Promise<number> {
    const body = { kind: 'batch', bucket: 'recordings', jobId, index: 0, model: 'any', decoding, segments };
    const startedAt = performance.now();
    const response = await fetch(`${url}/invocations`, { method: 'POST', body: JSON.stringify(body) });
    const text = await response.text();
    if (response.status !== 200) throw new Error(`${response.status}: ${text.slice(0, 300)}`);
    return performance.now() - startedAt;
  }

  const client = async (requests: number) => {
    const all: number[] = [];
    for (let i = 0; i < requests; i++) all.push(await invoke('job'));
    return all;
  };
  const clients = workload.clients * facts.devices.length;
  await Promise.all(Array.from({ length: clients }, () => client(1)));
  const servedStart = performance.now();
  const { requestsPerClient } = workload;
  const latencies = (
    await Promise.all(Array.from({ length: clients }, () => client(requestsPerClient)))
  ).flat();
  const servedMilliseconds = performance.now() - servedStart;
  const servedRealTime =
    (clients * requestsPerClient * SEGMENTS_PER_BATCH * SECONDS * 1000) / servedMilliseconds;
  const inline = {
    pcm: Buffer.from(toSixteenBit(pcm.subarray(0, 5 * 16_000))).toString('base64'),
    decoding: once,
  };
  const inlineTimes: number[] = [];
  for (let i = 0; i < 9; i++) {
    const startedAt = performance.now();
    const response = await fetch(`${url}/invocations`, { method: 'POST', body: JSON.stringify(inline) });
    const { transcripts } = BatchResult.parse(await response.json());
    inlineTimes.push(performance.now() - startedAt);
    const { fallbacks } = transcripts[0]!;
    if (fallbacks.length > 0)
      throw new Error(`5 s were heard ${fallbacks.length + 1} times, and timed as once`);
  }
  const metrics = await (await fetch(`${url}/metrics`)).text();
  child.removeAllListeners('exit');
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const exitCode = await exited;
  await bucket.close();
  latencies.sort((a, b) => a - b);
  return {
    readySeconds,
    facts,
    bareRealTime: Math.round(bareRealTime),
    servedRealTime: Math.round(servedRealTime),
    // Of what so many engines would do alone, one on each GPU
    share: servedRealTime / bareRealTime / Math.max(1, facts.gpus.length),
    clients,
    segmentsOfDevices: segmentsOfDevices(metrics),
    requestMillisecondsMedian: Math.round(latencies[latencies.length >> 1]!),
    inlineFiveSecondsMillisecondsMedian: Math.round(inlineTimes.sort((a, b) => a - b)[4]!),
    exitCode,
    batches: metrics
      .split('\n')
      .filter((line) => /^murmuration_(batch_segments|requests_total|batch_seconds_(sum|count))/.test(line)),
  };
}

/** Who transcribed how many, the first ones too. */
function segmentsOfDevices(metrics: string): Record<string, number> {
  const lines = metrics.matchAll(/^murmuration_segments_total\{device="([^"]+)"\} (\d+)$/gm);
  return Object.fromEntries([...lines].map(([, device, segments]) => [device!, Number(segments)]));
}
