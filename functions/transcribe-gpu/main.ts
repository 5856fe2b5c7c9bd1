import { randomUUID } from 'node:crypto';
import { readManifest } from '@murmuration/whisper/load-model';
import { pino } from 'pino';
import { z } from 'zod';
import { answerInvocation } from './answer-invocation.ts';
import { batchingEngine } from './batching/batching-engine.ts';
import { defaultPolicy } from './batching/batching-policy.ts';
import { createBatcher } from './batching/create-batcher.ts';
import { createApp } from './create-app.ts';
import { listGpus } from './devices/list-gpus.ts';
import { openDevices } from './devices/open-devices.ts';
import { openThreadedEngine } from './devices/threaded-engine.ts';
import { watchMemory } from './devices/watch-memory.ts';
import { Env } from './env.ts';
import { listen } from './listen.ts';
import { openBucket } from './open-bucket.ts';
import { createTelemetry } from './telemetry.ts';

/** Serves until SIGTERM, then answers what is under way and ends. Exits with 1 where it cannot start or a GPU fails. */
export async function main(): Promise<void> {
  const parsed = Env.safeParse(process.env);
  const log = pino({ name: 'transcribe-gpu', level: parsed.data?.LOG_LEVEL ?? 'info' });
  if (!parsed.success) {
    log.fatal(`environment variables are wrong: ${z.prettifyError(parsed.error)}`);
    process.exitCode = 1;
    return;
  }
  const env = parsed.data;
  const die = (err: unknown, message: string): never => {
    log.fatal({ err }, message);
    process.exit(1);
  };
  process.on('uncaughtException', (error) => die(error, 'uncaught'));

  const telemetry = createTelemetry();
  let unready: string | undefined = 'starting';
  let answer: Parameters<typeof createApp>[1]['answer'] = () => Promise.reject(new Error('not ready'));
  const app = createApp(
    {
      mostBodyBytes: env.MOST_BODY_BYTES,
      mostRequests: env.MOST_REQUESTS,
      requestSeconds: env.REQUEST_SECONDS,
    },
    {
      unready: () => unready,
      answer: (...request) => answer(...request),
      telemetry,
      log,
      newId: randomUUID,
    },
  );
  // Before the model is there, so that pings find someone who says so
  const server = await listen(app, env.PORT ?? env.SAGEMAKER_BIND_TO_PORT ?? 8080, env.HOST);
  log.info({ port: server.port }, 'listening');

  const startedAt = performance.now();
  const devices = await openDevices(
    {
      modelFolder: env.MODEL_FOLDER,
      provider: env.PROVIDER,
      mostSegments: env.MOST_SEGMENTS,
      latencyTargetMilliseconds: env.LATENCY_TARGET_MILLISECONDS,
    },
    await readManifest(env.MODEL_FOLDER),
    { openEngine: openThreadedEngine, gpus: await listGpus() },
  ).catch((error) => die(error, 'the model cannot be run'));
  const model = devices[0]!.engine;
  const batcher = createBatcher(
    devices,
    { ...defaultPolicy, gatherMilliseconds: env.GATHER_MILLISECONDS },
    { observer: { ...telemetry, fatal: (error) => setImmediate(die, error, 'a device failed') } },
  );
  telemetry.watch({
    waiting: batcher.waiting,
    limits: () => new Map(devices.map(({ name, limit }) => [name, limit.current()])),
  });
  const stopWatching = watchMemory(devices, telemetry.freeBytes);
  const bucket = env.BUCKET === undefined ? undefined : { name: env.BUCKET, store: openBucket(env.BUCKET) };
  const engineFor = (tenant: string) => batchingEngine(batcher, model, tenant);
  answer = (invocation, id, signal) => answerInvocation(invocation, id, { engineFor, bucket }, signal);
  unready = undefined;
  const limits = devices.map(({ name, cost, limit }) => ({ name, cost, segments: limit.current() }));
  log.info(
    { model: model.modelId, devices: limits, seconds: (performance.now() - startedAt) / 1000 },
    'ready',
  );

  process.once('SIGTERM', async () => {
    unready = 'stopping';
    log.info('stopping');
    await server.drain(env.DRAIN_SECONDS);
    stopWatching();
    await Promise.race([
      Promise.all(devices.map(({ engine }) => engine.close())),
      new Promise((resolve) => setTimeout(resolve, 1000)),
    ]);
    log.info('stopped');
    process.exit(0);
  });
}
