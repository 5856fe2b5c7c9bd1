import type { BatchResult } from '@murmuration/pipeline/contract/batch-result';
import type { TranscriptCache } from '@murmuration/pipeline/ports';
import { readManifest } from '@murmuration/whisper/load-model';
import { answerInvocation } from './answer-invocation.ts';
import { batchingEngine } from './batching/batching-engine.ts';
import { defaultPolicy } from './batching/batching-policy.ts';
import { createBatcher } from './batching/create-batcher.ts';
import { segmentWindow } from './batching/segment-window.ts';
import { type Gpu, listGpus } from './devices/list-gpus.ts';
import { type DeviceOptions, type DevicePorts, openDevices } from './devices/open-devices.ts';
import { openThreadedEngine } from './devices/threaded-engine.ts';
import { watchMemory } from './devices/watch-memory.ts';
import type { Invocation } from './invocation.ts';
import { holdingEngine } from './sound/holding-engine.ts';
import { createSoundPool } from './sound/sound-pool.ts';
import { createSoundSource } from './sound/sound-source.ts';
import { openSoundThread } from './sound/sound-thread.ts';
import type { Telemetry } from './telemetry.ts';

export interface TranscriberOptions extends DeviceOptions {
  readonly bucket: string;
  readonly gatherMilliseconds: number;
  readonly stallMilliseconds: number;
}

export interface TranscriberPorts {
  readonly cache: TranscriptCache | undefined;
  readonly telemetry: Telemetry;
  /** A device cannot be used again by this process. */
  readonly onFatal: (error: unknown) => void;
  /** @default those of nvidia-smi */
  readonly gpus?: readonly Gpu[];
  /** @default `openThreadedEngine` */
  readonly openEngine?: DevicePorts['openEngine'];
}

/** Every device of this machine behind one queue. */
export interface Transcriber {
  /** For the log. */
  readonly facts: Readonly<Record<string, unknown>>;
  answer(invocation: Invocation, requestId: string, signal: AbortSignal): Promise<BatchResult>;
  close(): Promise<void>;
}

/** Each reads 230 segments of 30 s in a second, unencrypted; a GPU hears 130. */
const SOUND_THREADS_PER_GPU = 2;

/** Loads the model onto every device and runs it once. Throws as `createEngine`. */
export async function startTranscriber(
  options: TranscriberOptions,
  { cache, telemetry, onFatal, openEngine = openThreadedEngine, ...ports }: TranscriberPorts,
): Promise<Transcriber> {
  const { bucket, gatherMilliseconds, stallMilliseconds, modelFolder } = options;
  const gpus = ports.gpus ?? (await listGpus());
  const manifest = await readManifest(modelFolder);
  const pool = createSoundPool();
  const threads = Array.from({ length: Math.max(1, gpus.length * SOUND_THREADS_PER_GPU) }, () =>
    openSoundThread({ bucket }),
  );
  const opened = await openDevices(options, manifest, { openEngine, gpus });
  const devices = opened.map((device) => ({ ...device, engine: holdingEngine(device.engine, pool) }));
  const model = devices[0]!.engine;
  const observer = { ...telemetry, fatal: onFatal };
  const policy = { ...defaultPolicy, gatherMilliseconds, stallMilliseconds };
  const batcher = createBatcher(devices, policy, { observer, windowOf: segmentWindow(manifest) });
  telemetry.watch({
    waiting: batcher.waiting,
    limits: () => new Map(devices.map(({ name, limit }) => [name, limit.current()])),
  });
  const stopWatching = watchMemory(devices, telemetry.freeBytes);
  const answering = {
    engineFor: (tenant: string) => batchingEngine(batcher, model, tenant),
    readSound: createSoundSource(threads, pool),
    bucket,
    cache,
  };
  return {
    facts: {
      model: model.modelId,
      gpus: gpus.map(({ name }) => name),
      devices: devices.map(({ name, cost, limit }) => ({ name, cost, segments: limit.current() })),
    },
    answer: (invocation, requestId, signal) => answerInvocation(invocation, requestId, answering, signal),
    async close() {
      stopWatching();
      await Promise.all([
        ...devices.map(({ engine }) => engine.close()),
        ...threads.map(({ close }) => close()),
      ]);
    },
  };
}
