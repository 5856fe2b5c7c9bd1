import type { Engine } from '@murmuration/pipeline/ports';
import type { EngineOptions } from '@murmuration/whisper/engine';
import type { Manifest } from '@murmuration/whisper/manifest';
import type { BatchCost } from '../batching/batch-limit.ts';
import { createBatchLimit } from '../batching/batch-limit.ts';
import type { BatchedDevice } from '../batching/batched-device.ts';
import { calibrate } from '../batching/calibrate.ts';
import { createDeviceWatch } from '../batching/device-watch.ts';
import type { MemoryProbe } from '../batching/memory-probe.ts';
import { type Gpu, nvidiaSmiMemoryProbe } from './list-gpus.ts';

export interface DeviceOptions {
  readonly modelFolder: string;
  readonly provider: 'auto' | 'cpu' | 'cuda' | 'tensorrt';
  /** Undefined: as many as gain something. */
  readonly mostSegments: number | undefined;
  readonly latencyTargetMilliseconds: number;
}

export interface OpenedDevice extends BatchedDevice {
  /** Undefined where memory cannot be seen. */
  readonly probe: MemoryProbe | undefined;
  readonly cost: BatchCost | undefined;
}

export interface DevicePorts {
  readonly openEngine: (options: EngineOptions) => Promise<Engine>;
  readonly gpus: readonly Gpu[];
}

/** 128 was 5 % faster than 64 on an H100 and took twice as long (facts.md, §2); on a processor 4 gain all there is. */
const MOST_SEGMENTS = { gpu: 64, cpu: 4 } as const;

/** Large enough to be seen beside the steps in which onnxruntime takes memory. */
const CALIBRATION_SEGMENTS = 16;

/** A neighbour's burst is over sooner, most of the time. */
const RECOVER_MILLISECONDS = 10_000;

/** Every GPU with an engine of its own, or the processor with one; each has run once when this comes back. */
export async function openDevices(
  options: DeviceOptions,
  { graph }: Pick<Manifest, 'graph'>,
  { openEngine, gpus }: DevicePorts,
): Promise<OpenedDevice[]> {
  const { provider, modelFolder } = options;
  const usesGpu = provider === 'auto' ? graph.target === 'cuda' && gpus.length > 0 : provider !== 'cpu';
  if (!usesGpu) {
    const batchSize = options.mostSegments ?? MOST_SEGMENTS.cpu;
    const engine = await openEngine({ modelFolder, providers: ['cpu'], batchSize });
    await warmUp(engine);
    return [toDevice('cpu', engine, undefined, undefined, batchSize, options)];
  }
  const batchSize = options.mostSegments ?? MOST_SEGMENTS.gpu;
  // One that nvidia-smi does not show may still be there
  const devices = gpus.length > 0 ? gpus : [{ deviceId: 0, uuid: undefined }];
  return Promise.all(
    devices.map(async ({ deviceId, uuid }) => {
      const providers = [provider === 'auto' ? 'cuda' : provider] as const;
      const engine = await openEngine({ modelFolder, providers, deviceId, batchSize, ownThread: true });
      const probe = uuid === undefined ? undefined : nvidiaSmiMemoryProbe(uuid);
      const cost = await calibrate(engine, probe, Math.max(2, Math.min(batchSize, CALIBRATION_SEGMENTS)));
      return toDevice(`gpu-${deviceId}`, engine, probe, cost, batchSize, options);
    }),
  );
}

function toDevice(
  name: string,
  engine: Engine,
  probe: MemoryProbe | undefined,
  cost: BatchCost | undefined,
  mostSegments: number,
  { latencyTargetMilliseconds }: DeviceOptions,
): OpenedDevice {
  const limit = createBatchLimit({
    mostSegments,
    cost,
    latencyTargetMilliseconds,
    recoverMilliseconds: RECOVER_MILLISECONDS,
  });
  return { name, engine, limit, watch: createDeviceWatch(), probe, cost };
}

/** A tone of a second: the engine does not run its graph on silence. */
async function warmUp(engine: Engine): Promise<void> {
  const tone = Float32Array.from({ length: 16_000 }, (_, i) => 0.01 * Math.sin(i / 5));
  await engine.transcribe([tone], { temperatures: [0] });
}
