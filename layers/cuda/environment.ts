import type { RunOptions } from './binding.ts';
import { ERRORS_ONLY, type Graph, type GraphOptions, openGraph } from './graph.ts';
import type { Memory } from './memory.ts';
import { once } from './once.ts';
import type { OnnxRuntime } from './onnxruntime.ts';
import { type Place, type Tensor, tensorOver } from './tensor.ts';
import type { TensorType } from './tensor-type.ts';

/** What all graphs of a thread share: errors alone are logged, and nobody is told of them. */
export interface Environment {
  openGraph(path: string, options: GraphOptions): Graph;
  /** `entries`: gpu_graph_id and the like. */
  runOptions(entries: Readonly<Record<string, string>>): RunOptions;
  place(memory: Pick<Memory, 'name' | 'deviceId'>): Place;
  /** Over `data`, or memory at an address, which both must outlive it. */
  tensor(place: Place, data: ArrayBufferView | bigint, type: TensorType, shape: readonly number[]): Tensor;
  /** After all that was made of it. */
  close(): void;
}

export function openEnvironment(runtime: OnnxRuntime): Environment {
  const env = runtime.create('CreateEnv', ERRORS_ONLY, 'murmuration');
  runtime.call('DisableTelemetryEvents', env);
  const allocator = runtime.create('GetAllocatorWithDefaultOptions');
  return {
    openGraph: (path, options) => openGraph(runtime, { env, allocator }, path, options),
    runOptions(entries) {
      const handle = runtime.create('CreateRunOptions');
      for (const [key, value] of Object.entries(entries)) {
        runtime.call('AddRunConfigEntry', handle, key, value);
      }
      return { handle, close: once(() => runtime.release('ReleaseRunOptions', handle)) };
    },
    place({ name, deviceId }) {
      const handle = runtime.create('CreateMemoryInfo', name, 0, deviceId, 0);
      return { handle, close: once(() => runtime.release('ReleaseMemoryInfo', handle)) };
    },
    tensor: (...values) => tensorOver(runtime, ...values),
    close: once(() => runtime.release('ReleaseEnv', env)),
  };
}
