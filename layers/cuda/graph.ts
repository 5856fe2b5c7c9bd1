import koffi from 'koffi';
import type { Memory } from './memory.ts';
import type { OnnxRuntime } from './onnxruntime.ts';
import { sizeBytes, type TensorType, tensorTypes, typeOf } from './tensor-type.ts';

/** An OrtValue. */
export interface Tensor {
  readonly handle: bigint;
  readonly address: bigint;
  readonly type: TensorType;
  readonly shape: readonly number[];
  /** Of memory that onnxruntime allocated; else nothing but the handle. */
  close(): void;
}

export interface GraphOptions {
  /** Options of the CUDA provider, as onnxruntime names them; undefined: the processor. */
  readonly cuda?: Readonly<Record<string, string>> | undefined;
  readonly config?: Readonly<Record<string, string>> | undefined;
  readonly threads: number;
}

/** What a graph declares; a length that differs from run to run has a name. */
export interface Input {
  readonly name: string;
  readonly type: TensorType;
  readonly shape: readonly (number | string)[];
}

/** A session. */
export interface Graph {
  readonly inputs: readonly Input[];
  readonly outputNames: readonly string[];
  bind(): Binding;
  /** Where each node runs; only of a graph that was opened with `recordPlacements`. */
  placements(): Placement[];
  close(): void;
}

export interface Placement {
  /** "CUDAExecutionProvider" or the like. */
  readonly provider: string;
  readonly operator: string;
  readonly node: string;
}

export const recordPlacements = { 'session.record_ep_graph_assignment_info': '1' } as const;

/** Inputs and outputs of a run, set once for as many runs as one likes. */
export interface Binding {
  input(name: string, tensor: Tensor): void;
  output(name: string, tensor: Tensor): void;
  /** For an output whose shape is not known before. */
  outputTo(name: string, place: Place): void;
  run(options?: RunOptions): void;
  /** In the order of binding; each is to be closed. */
  outputs(): Tensor[];
  close(): void;
}

export interface Place {
  readonly handle: bigint;
  close(): void;
}

export interface RunOptions {
  readonly handle: bigint;
  close(): void;
}

/** What all graphs of a thread share: errors alone are logged, and nobody is told of them. */
export interface Environment {
  openGraph(path: string, options: GraphOptions): Graph;
  /** `entries`: gpu_graph_id and the like. */
  runOptions(entries: Readonly<Record<string, string>>): RunOptions;
  place(memory: Pick<Memory, 'name' | 'deviceId'>): Place;
  /** Over `data`, or memory at an address, which both must outlive it. */
  tensor(place: Place, data: ArrayBufferView | bigint, type: TensorType, shape: readonly number[]): Tensor;
  /** What onnxruntime left in the host's memory, copied. */
  read(tensor: Tensor): Uint8Array;
  close(): void;
}

const ERRORS_ONLY = 3;

export function openEnvironment(runtime: OnnxRuntime): Environment {
  const env = runtime.create('CreateEnv', ERRORS_ONLY, 'murmuration');
  runtime.call('DisableTelemetryEvents', env);
  const allocator = runtime.create('GetAllocatorWithDefaultOptions');
  return {
    openGraph: (path, options) => openGraph(runtime, env, allocator, path, options),
    runOptions(entries) {
      const handle = runtime.create('CreateRunOptions');
      for (const [key, value] of Object.entries(entries))
        runtime.call('AddRunConfigEntry', handle, key, value);
      return { handle, close: once(() => runtime.release('ReleaseRunOptions', handle)) };
    },
    place({ name, deviceId }) {
      const handle = runtime.create('CreateMemoryInfo', name, 0, deviceId, 0);
      return { handle, close: once(() => runtime.release('ReleaseMemoryInfo', handle)) };
    },
    tensor(place, data, type, shape) {
      const bytes = sizeBytes(type, shape);
      if (typeof data !== 'bigint' && data.byteLength !== bytes) {
        throw new Error(
          `a tensor of ${shape.join(' × ')} ${type} has ${bytes} bytes, and ${data.byteLength} were given`,
        );
      }
      const lengths = BigInt64Array.from(shape, BigInt);
      const { number } = tensorTypes[type];
      const handle = runtime.create(
        'CreateTensorWithDataAsOrtValue',
        place.handle,
        data,
        bytes,
        lengths,
        shape.length,
        number,
      );
      return toTensor(runtime, handle);
    },
    read({ address, type, shape }) {
      const bytes = sizeBytes(type, shape);
      return bytes === 0 ? new Uint8Array(0) : new Uint8Array(koffi.view(address, bytes).slice(0));
    },
    close: once(() => runtime.release('ReleaseEnv', env)),
  };
}

function toTensor(runtime: OnnxRuntime, handle: bigint): Tensor {
  const info = runtime.create('GetTensorTypeAndShape', handle);
  try {
    const address = runtime.create('GetTensorMutableData', handle);
    const close = once(() => runtime.release('ReleaseValue', handle));
    return { handle, address, ...typeAndShape(runtime, info), close };
  } finally {
    runtime.release('ReleaseTensorTypeAndShapeInfo', info);
  }
}

function openGraph(
  runtime: OnnxRuntime,
  env: bigint,
  allocator: bigint,
  path: string,
  options: GraphOptions,
): Graph {
  const settings = runtime.create('CreateSessionOptions');
  let session: bigint;
  try {
    runtime.call('SetSessionExecutionMode', settings, 0);
    runtime.call('SetIntraOpNumThreads', settings, options.threads);
    runtime.call('SetInterOpNumThreads', settings, 1);
    runtime.call('SetSessionLogSeverityLevel', settings, ERRORS_ONLY);
    // Shapes change with every batch: a planned pattern is never used twice
    runtime.call('DisableMemPattern', settings);
    for (const [key, value] of Object.entries(options.config ?? {})) {
      runtime.call('AddSessionConfigEntry', settings, key, value);
    }
    if (options.cuda !== undefined) appendCuda(runtime, settings, options.cuda);
    session = runtime.create('CreateSession', env, path, settings);
  } finally {
    runtime.release('ReleaseSessionOptions', settings);
  }
  const name = (of: 'SessionGetInputName' | 'SessionGetOutputName', place: number) =>
    runtime.takeString(allocator, runtime.create(of, session, place, allocator));
  const places = (of: 'SessionGetInputCount' | 'SessionGetOutputCount') =>
    Array.from({ length: Number(runtime.create(of, session)) }, (_, place) => place);
  return {
    inputs: places('SessionGetInputCount').map((place) => ({
      name: name('SessionGetInputName', place),
      ...declared(runtime, runtime.create('SessionGetInputTypeInfo', session, place)),
    })),
    outputNames: places('SessionGetOutputCount').map((place) => name('SessionGetOutputName', place)),
    bind: () => bind(runtime, session, allocator),
    placements: () => placements(runtime, session),
    close: once(() => runtime.release('ReleaseSession', session)),
  };
}

function declared(runtime: OnnxRuntime, typeInfo: bigint): Pick<Input, 'type' | 'shape'> {
  try {
    const info = runtime.create('CastTypeInfoToTensorInfo', typeInfo);
    const { type, shape } = typeAndShape(runtime, info);
    const symbols = new BigUint64Array(shape.length);
    runtime.call('GetSymbolicDimensions', info, symbols, symbols.length);
    return {
      type,
      shape: shape.map((length, place) => (length < 0 ? runtime.string(symbols[place]!) : length)),
    };
  } finally {
    runtime.release('ReleaseTypeInfo', typeInfo);
  }
}

function typeAndShape(
  runtime: OnnxRuntime,
  info: bigint,
): { readonly type: TensorType; readonly shape: number[] } {
  const number = new Int32Array(1);
  runtime.call('GetTensorElementType', info, number);
  const lengths = new BigInt64Array(Number(runtime.create('GetDimensionsCount', info)));
  runtime.call('GetDimensions', info, lengths, lengths.length);
  return { type: typeOf(number[0]!), shape: [...lengths].map(Number) };
}

function placements(runtime: OnnxRuntime, session: bigint): Placement[] {
  const list = (name: 'Session_GetEpGraphAssignmentInfo' | 'EpAssignedSubgraph_GetNodes', handle: bigint) => {
    const [values, count] = [new BigUint64Array(1), new BigUint64Array(1)];
    runtime.call(name, handle, values, count);
    return listOf(values[0]!, count[0]!);
  };
  return list('Session_GetEpGraphAssignmentInfo', session).flatMap((part) => {
    const provider = runtime.string(runtime.create('EpAssignedSubgraph_GetEpName', part));
    return list('EpAssignedSubgraph_GetNodes', part).map((node) => ({
      provider,
      operator: runtime.string(runtime.create('EpAssignedNode_GetOperatorType', node)),
      node: runtime.string(runtime.create('EpAssignedNode_GetName', node)),
    }));
  });
}

function listOf(address: bigint, count: bigint): bigint[] {
  return count === 0n ? [] : [...new BigUint64Array(koffi.view(address, Number(count) * 8).slice(0))];
}

function appendCuda(runtime: OnnxRuntime, settings: bigint, entries: Readonly<Record<string, string>>): void {
  const options = runtime.create('CreateCUDAProviderOptions');
  try {
    const keys = Object.keys(entries);
    runtime.call('UpdateCUDAProviderOptions', options, keys, Object.values(entries), keys.length);
    runtime.call('SessionOptionsAppendExecutionProvider_CUDA_V2', settings, options);
  } finally {
    runtime.release('ReleaseCUDAProviderOptions', options);
  }
}

function bind(runtime: OnnxRuntime, session: bigint, allocator: bigint): Binding {
  const binding = runtime.create('CreateIoBinding', session);
  return {
    input: (name, { handle }) => runtime.call('BindInput', binding, name, handle),
    output: (name, { handle }) => runtime.call('BindOutput', binding, name, handle),
    outputTo: (name, { handle }) => runtime.call('BindOutputToDevice', binding, name, handle),
    run: (options) => runtime.call('RunWithBinding', session, options?.handle ?? null, binding),
    outputs() {
      const [values, count] = [new BigUint64Array(1), new BigUint64Array(1)];
      runtime.call('GetBoundOutputValues', binding, allocator, values, count);
      const handles = listOf(values[0]!, count[0]!);
      if (handles.length > 0) runtime.call('AllocatorFree', allocator, values[0]!);
      return handles.map((handle) => toTensor(runtime, handle));
    },
    close: once(() => runtime.release('ReleaseIoBinding', binding)),
  };
}

function once(work: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    work();
  };
}
