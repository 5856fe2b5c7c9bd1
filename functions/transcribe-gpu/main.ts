import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { emfMeter } from '@murmuration/pipeline/adapters/emf-meter';
import { openCache } from '@murmuration/pipeline/adapters/open-cache';
import { s3ObjectStore } from '@murmuration/pipeline/adapters/s3-object-store';
import { parseEnvironment } from '@murmuration/pipeline/parse-environment';
import { pino } from 'pino';
import { createApp } from './create-app.ts';
import { endProcess } from './end-process.ts';
import { TranscribeGpuEnv } from './env.ts';
import { fetchModel } from './fetch-model.ts';
import { listen } from './listen.ts';
import { refuseUnverified } from './refuse-unverified.ts';
import { startTranscriber, type Transcriber } from './start-transcriber.ts';
import { createTelemetry } from './telemetry.ts';

/** For the model's memory to be freed. */
const CLOSE_MILLISECONDS = 500;

const env = parseEnvironment(TranscribeGpuEnv);
const log = pino({ name: 'transcribe-gpu', level: env.LOG_LEVEL.toLowerCase() });
const store = s3ObjectStore({ bucket: env.BUCKET });
const cache = openCache(env, emfMeter({ namespace: env.METRICS_NAMESPACE }));
const telemetry = createTelemetry();

let unready: string | undefined = 'starting';
let transcriber: Transcriber | undefined;

async function die(err: unknown, message: string): Promise<never> {
  unready = message;
  log.fatal({ err }, message);
  return endProcess(() => transcriber?.close());
}

async function stop(server: { drain(seconds: number): Promise<void> }): Promise<never> {
  unready = 'stopping';
  log.info('stopping');
  await server.drain(env.DRAIN_SECONDS);
  await Promise.race([transcriber?.close(), setTimeout(CLOSE_MILLISECONDS)]);
  log.info('stopped');
  process.exit(0);
}

/** Serves until SIGTERM, then answers what is under way and ends. Exits with 1 where it cannot start or a device fails. */
export async function main(): Promise<void> {
  process.on('uncaughtException', (error) => die(error, 'an unexpected failure'));
  const app = createApp(
    {
      mostBodyBytes: env.MOST_BODY_BYTES,
      mostRequests: env.MOST_REQUESTS,
      requestSeconds: env.REQUEST_SECONDS,
    },
    {
      unready: () => unready,
      answer: (...request) => transcriber!.answer(...request),
      telemetry,
      log,
      newId: randomUUID,
    },
  );
  // Before the model is there, so that pings find someone who says so
  const server = await listen(app, env.PORT ?? env.SAGEMAKER_BIND_TO_PORT ?? 8080, env.HOST);
  log.info({ port: server.port }, 'listening');
  process.once('SIGTERM', () => stop(server));

  const startedAt = performance.now();
  try {
    if (env.MODEL_PREFIX !== undefined) await fetchModel(store, env.MODEL_PREFIX, env.MODEL_FOLDER);
    if (env.UNVERIFIED_MODELS === 'refuse') await refuseUnverified(env.MODEL_FOLDER);
    transcriber = await startTranscriber(
      {
        bucket: env.BUCKET,
        modelFolder: env.MODEL_FOLDER,
        provider: env.PROVIDER,
        mostSegments: env.MOST_SEGMENTS,
        sessionsPerGpu: env.SESSIONS_PER_GPU,
        cudaGraphs: env.CUDA_GRAPHS !== 'off',
        arenaBytes: env.GPU_ARENA_MEBIBYTES && env.GPU_ARENA_MEBIBYTES * 2 ** 20,
        latencyTargetMilliseconds: env.LATENCY_TARGET_MILLISECONDS,
        gatherMilliseconds: env.GATHER_MILLISECONDS,
        stallMilliseconds: env.STALL_SECONDS * 1000,
      },
      { cache, telemetry, onFatal: (error) => die(error, 'a device failed') },
    );
  } catch (error) {
    return die(error, 'the model cannot be run');
  }
  if (unready === 'starting') unready = undefined;
  log.info({ ...transcriber.facts, seconds: (performance.now() - startedAt) / 1000 }, 'ready');
}
