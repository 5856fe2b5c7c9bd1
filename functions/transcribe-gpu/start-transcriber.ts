import type { BatchResult } from '@murmuration/pipeline/contract/batch-result';
import type { ObjectStore, TranscriptCache } from '@murmuration/pipeline/ports';
import { readManifest } from '@murmuration/whisper/load-model';
import { answerInvocation } from './answer-invocation.ts';
import { batchingEngine } from './batching/batching-engine.ts';
import { defaultPolicy } from './batching/batching-policy.ts';
import { createBatcher } from './batching/create-batcher.ts';
import { segmentWindow } from './batching/segment-window.ts';
import { listGpus } from './devices/list-gpus.ts';
import { type DeviceOptions, openDevices } from './devices/open-devices.ts';
import { openThreadedEngine } from './devices/threaded-engine.ts';
import { watchMemory } from './devices/watch-memory.ts';
import type { Invocation } from './invocation.ts';
import type { Telemetry } from './telemetry.ts';

export interface TranscriberOptions extends DeviceOptions {
  readonly bucket: string;
  readonly gatherMilliseconds: number;
  readonly stallMilliseconds: number;
}

export interface TranscriberPorts {
  readonly store: ObjectStore;
  readonly cache: TranscriptCache | undefined;
  readonly telemetry: Telemetry;
  /** A device cannot be used again by this process. */
  readonly onFatal: (error: unknown) => void;
}

/** Every device of this machine behind one queue. */
export interface Transcriber {
  /** For the log. */
  readonly facts: Readonly<Record<string, unknown>>;
  answer(invocation: Invocation, requestId: string, signal: AbortSignal): Promise<BatchResult>;
  close(): Promise<void>;
}

/** Loads the model onto every device and runs it once. Throws as `createEngine`. */
export async function startTranscriber(
  options: TranscriberOptions,
  { store, cache, telemetry, onFatal }: TranscriberPorts,
): Promise<Transcriber> {
  const { bucket, gatherMilliseconds, stallMilliseconds, modelFolder } = options;
  const gpus = await listGpus();
  const manifest = await readManifest(modelFolder);
  const devices = await openDevices(options, manifest, { openEngine: openThreadedEngine, gpus });
  const model = devices[0]!.engine;
  const observer = { ...telemetry, fatal: onFatal };
  const policy = { ...defaultPolicy, gatherMilliseconds, stallMilliseconds };
  const batcher = createBatcher(devices, policy, { observer, windowOf: segmentWindow(manifest) });
  telemetry.watch({
    waiting: batcher.waiting,
    limits: () => new Map(devices.map(({ name, limit }) => [name, limit.current()])),
  });
  const stopWatching = watchMemory(devices, telemetry.freeBytes);
  const ports = {
    engineFor: (tenant: string) => batchingEngine(batcher, model, tenant),
    bucket,
    store,
    cache,
  };
  return {
    facts: {
      model: model.modelId,
      gpus: gpus.map(({ name }) => name),
      devices: devices.map(({ name, cost, limit }) => ({ name, cost, segments: limit.current() })),
    },
    answer: (invocation, requestId, signal) => answerInvocation(invocation, requestId, ports, signal),
    async close() {
      stopWatching();
      await Promise.all(devices.map(({ engine }) => engine.close()));
    },
  };
}
