import { join } from 'node:path';
import { openEnvironment } from '@murmuration/cuda/environment';
import { cudaMemory, hostMemory } from '@murmuration/cuda/memory';
import { loadOnnxRuntime } from '@murmuration/cuda/onnxruntime';
import type { CapturedOptions } from './captured-options.ts';
import type { GraphParts } from './graph-parts.ts';
import { createOpened } from './opened.ts';
import { runCaptured } from './run-captured.ts';
import type { Feeds, PlainTensor } from './run-request.ts';
import { shareWeights } from './shared-weights.ts';
import { createStepGraphs } from './step-graphs.ts';
import { createStepMemory } from './step-memory.ts';
import { createStepSizes } from './step-sizes.ts';
import { writeState } from './write-state.ts';

/** One model's graphs. */
export interface CapturedGraphs {
  readonly inputNames: readonly string[];
  /** Throws Errors in onnxruntime's and CUDA's own words. */
  run(feeds: Feeds): Record<string, PlainTensor>;
  /** May be called again. */
  close(): void;
}

/** Inputs of the beginning that no request has. */
const OWN_INPUTS = ['room', 'key shape'];

/** The graphs of models/graph_captured.py; for one thread alone, which every run blocks. Throws as `run`. */
export function openCapturedGraphs(options: CapturedOptions): CapturedGraphs {
  const opened = createOpened();
  try {
    const parts = openParts(options, opened.keep);
    return {
      inputNames: parts.begin.inputs.map(({ name }) => name).filter((name) => !OWN_INPUTS.includes(name)),
      run: (feeds) => runCaptured(parts, feeds),
      close: opened.close,
    };
  } catch (error) {
    opened.close();
    throw error;
  }
}

function openParts(options: CapturedOptions, keep: ReturnType<typeof createOpened>['keep']): GraphParts {
  const { folder, provider, deviceId, capture = true, captureLock, observe } = options;
  const onCuda = provider === 'cuda';
  const environment = keep(openEnvironment(loadOnnxRuntime()));
  const memory = onCuda ? cudaMemory(deviceId) : hostMemory();
  const device = keep(environment.place(memory));
  const host = keep(environment.place({ name: 'Cpu', deviceId: 0 }));
  const isShared = options.shareWeights ?? true;
  const weights = isShared ? keep(shareWeights(folder, memory, environment, device)).tensors : undefined;
  const blocks = keep(createStepMemory(memory));
  const open = (name: string, own: Readonly<Record<string, string>> = {}) =>
    environment.openGraph(join(folder, name), {
      ...{ threads: 1, weights },
      cuda: onCuda ? { device_id: String(deviceId), ...own, ...options.cuda } : undefined,
    });
  const begin = keep(open('begin.onnx', options.encoderCuda));
  const finish = keep(open('finish.onnx'));
  const steps = keep(
    createStepGraphs({
      ...{ environment, device, host, memory: blocks, capture: onCuda && capture, captureLock },
      open: (kind, { capture, roomy }) =>
        open(`${kind}.onnx`, {
          enable_cuda_graph: capture ? '1' : '0',
          arena_extend_strategy: roomy ? 'kNextPowerOfTwo' : 'kSameAsRequested',
        }),
      rest: (inputs, lengths) =>
        writeState((name, data) => memory.write(blocks.address(name), data), inputs, lengths, undefined),
      forgetError: memory.forgetError,
      warn: options.warn ?? ((message) => process.emitWarning(message, { code: 'MURMURATION_CUDA_GRAPHS' })),
    }),
  );
  const sizes = createStepSizes({ ...options, piecesOnCuda: onCuda });
  return { environment, memory, device, host, blocks, sizes, begin, steps, finish, observe };
}
