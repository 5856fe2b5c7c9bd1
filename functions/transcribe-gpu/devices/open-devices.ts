import { MurmurationError } from '@murmuration/pipeline/errors';
import type { Engine } from '@murmuration/pipeline/ports';
import type { Manifest } from '@murmuration/whisper/manifest';
import type { BatchCost } from '../batching/batch-limit.ts';
import { createBatchLimit } from '../batching/batch-limit.ts';
import type { BatchedDevice } from '../batching/batched-device.ts';
import { calibrate } from '../batching/calibrate.ts';
import { createDeviceWatch, type DeviceWatch } from '../batching/device-watch.ts';
import type { MemoryProbe } from '../batching/memory-probe.ts';
import { type Gpu, nvidiaSmiMemoryProbe } from './list-gpus.ts';
import type { GpuOptions } from './open-gpu-session.ts';
import type { EngineSetup } from './thread-messages.ts';

export interface DeviceOptions {
  readonly modelFolder: string;
  readonly provider: 'auto' | 'cpu' | 'cuda' | 'tensorrt';
  /** Undefined: as many as gain something. */
  readonly mostSegments: number | undefined;
  readonly latencyTargetMilliseconds: number;
  /** Each is a device of its own, with the model loaded again. */
  readonly sessionsPerGpu: number;
  /** Steps of the decoder as CUDA graphs, where the model has the graphs for it. */
  readonly cudaGraphs: boolean;
  readonly arenaBytes: number | undefined;
}

export interface OpenedDevice extends BatchedDevice {
  /** Of its GPU; undefined where memory cannot be seen. */
  readonly uuid: string | undefined;
  readonly cost: BatchCost | undefined;
}

export interface DevicePorts {
  readonly openEngine: (options: EngineSetup) => Promise<Engine>;
  readonly gpus: readonly Gpu[];
  /** Of the GPU with this id. @default nvidia-smi's */
  readonly memoryProbe?: (uuid: string) => MemoryProbe;
}

/** 128 was 5 % faster than 64 on an H100 and took twice as long (facts.md, §2); on a processor 4 gain all there is. */
const MOST_SEGMENTS = { gpu: 64, cpu: 4 } as const;

/** Large enough to be seen beside the steps in which onnxruntime takes memory. */
const CALIBRATION_SEGMENTS = 16;

/** One and more than one. */
const FEWEST_CALIBRATION_SEGMENTS = 2;

/** A neighbour's burst is over sooner, most of the time. */
const RECOVER_MILLISECONDS = 10_000;

/**
 * Every GPU with engines of its own, or the processor with one; each has run once when this comes back. Throws what opening
 * an engine throws, and `invalid-argument` for a graph that the processor cannot run.
 */
export async function openDevices(
  options: DeviceOptions,
  { id, graph }: Pick<Manifest, 'id' | 'graph'>,
  ports: DevicePorts,
): Promise<OpenedDevice[]> {
  const { provider, modelFolder } = options;
  const { gpus, openEngine } = ports;
  const usesGpu = provider === 'auto' ? graph.target === 'cuda' && gpus.length > 0 : provider !== 'cpu';
  if (usesGpu) {
    // One that nvidia-smi does not show may still be there
    const found = gpus.length > 0 ? gpus : [{ deviceId: 0, uuid: undefined }];
    // As nvidia-smi counts them; by default CUDA begins with the fastest
    process.env['CUDA_DEVICE_ORDER'] ??= 'PCI_BUS_ID';
    // XQA, the attention of one token that onnxruntime has by default, readies its kernels on the first GPU of a process alone
    if (found.length > 1) process.env['ORT_ENABLE_XQA'] ??= '0';
    const gpuOptions = {
      cudaGraphs: options.cudaGraphs,
      arenaBytes: options.arenaBytes,
      captureLock: new SharedArrayBuffer(4),
    };
    return (await Promise.all(found.map((gpu) => openGpu(gpu, options, gpuOptions, ports)))).flat();
  }
  if (graph.target === 'cuda') {
    // Its attention in the decoder is CUDA's alone
    throw new MurmurationError(
      'invalid-argument',
      `model ${id} is built for cuda and ${provider === 'cpu' ? 'PROVIDER is cpu' : 'no GPU was found'}: use a GPU, or build it with --target cpu`,
    );
  }
  const mostSegments = options.mostSegments ?? MOST_SEGMENTS.cpu;
  const engine = await openEngine({ modelFolder, providers: ['cpu'], batchSize: mostSegments });
  await warmUp(engine);
  const cpu = { engine, cost: undefined, segments: 1, uuid: undefined };
  const measured = { ...cpu, watch: createDeviceWatch(), sharedBy: 1 };
  return [toDevice('cpu', measured, mostSegments, options)];
}

interface Calibrated {
  readonly engine: Engine;
  readonly cost: BatchCost | undefined;
  /** That fitted. */
  readonly segments: number;
  /** That did not fit. */
  readonly failed?: number | undefined;
}

/** The sessions of one GPU; fewer than asked for where it has no memory for more. */
async function openGpu(
  { deviceId, uuid }: { readonly deviceId: number; readonly uuid: string | undefined },
  options: DeviceOptions,
  gpu: GpuOptions,
  { openEngine, memoryProbe = nvidiaSmiMemoryProbe }: DevicePorts,
): Promise<OpenedDevice[]> {
  const { provider, modelFolder, sessionsPerGpu } = options;
  const batchSize = options.mostSegments ?? MOST_SEGMENTS.gpu;
  const providers = [provider === 'auto' ? 'cuda' : provider] as const;
  const probe = uuid === undefined ? undefined : memoryProbe(uuid);
  const sessions: Calibrated[] = [];
  const mostCalibrated = Math.max(FEWEST_CALIBRATION_SEGMENTS, Math.min(batchSize, CALIBRATION_SEGMENTS));
  // One after the other: what one takes of memory and time is not the next one's
  while (sessions.length < sessionsPerGpu) {
    try {
      sessions.push(await openCalibrated(mostCalibrated));
    } catch (error) {
      if (sessions.length === 0 || !isOutOfMemory(error)) throw error;
      break;
    }
  }
  // What they work at once is counted once
  const watch = createDeviceWatch();
  return sessions.map((session, index) => {
    const name = sessionsPerGpu === 1 ? `gpu-${deviceId}` : `gpu-${deviceId}.${index + 1}`;
    return toDevice(name, { ...session, uuid, watch, sharedBy: sessions.length }, batchSize, options);
  });

  async function openCalibrated(segments: number, failed?: number): Promise<Calibrated> {
    const engine = await openEngine({ modelFolder, providers, deviceId, batchSize, ownThread: true, gpu });
    try {
      return { engine, cost: await calibrate(engine, probe, segments), segments, failed };
    } catch (error) {
      await engine.close();
      // One session of small batches is better than none; a second one is not worth its memory
      const triesFewer = sessions.length === 0 && segments > FEWEST_CALIBRATION_SEGMENTS;
      if (!triesFewer || !isOutOfMemory(error)) throw error;
    }
    // By a new engine: in this one's arena lies what the failed batch took, and the next would not be seen to take it
    return openCalibrated(Math.max(FEWEST_CALIBRATION_SEGMENTS, Math.floor(segments / 2)), segments);
  }
}

interface Measured extends Calibrated {
  readonly uuid: string | undefined;
  readonly watch: DeviceWatch;
  readonly sharedBy: number;
}

function toDevice(
  name: string,
  { engine, cost, segments, failed, uuid, watch, sharedBy }: Measured,
  mostSegments: number,
  { latencyTargetMilliseconds }: DeviceOptions,
): OpenedDevice {
  const limit = createBatchLimit({
    mostSegments,
    cost,
    latencyTargetMilliseconds,
    recoverMilliseconds: RECOVER_MILLISECONDS,
    sharedBy,
  });
  limit.fitted(segments);
  if (failed !== undefined) limit.outOfMemory(failed);
  return { name, engine, limit, watch, uuid, cost };
}

function isOutOfMemory(error: unknown): boolean {
  return error instanceof MurmurationError && error.code === 'out-of-memory';
}

/** A tone of a second: the engine does not run its graph on silence. */
async function warmUp(engine: Engine): Promise<void> {
  const tone = Float32Array.from({ length: 16_000 }, (_, i) => 0.01 * Math.sin(i / 5));
  await engine.transcribe([tone], { temperatures: [0] });
}
