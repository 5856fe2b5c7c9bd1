import { type Binding, bind } from './binding.ts';
import { once } from './once.ts';
import type { OnnxRuntime } from './onnxruntime.ts';
import { type Placement, placements } from './placements.ts';
import { type Tensor, typeAndShape } from './tensor.ts';
import type { TensorType } from './tensor-type.ts';

export interface GraphOptions {
  readonly threads: number;
  /** Options of the CUDA provider, as onnxruntime names them; undefined: the processor. */
  readonly cuda?: Readonly<Record<string, string>> | undefined;
  readonly config?: Readonly<Record<string, string>> | undefined;
  /** Initialisers that several graphs share, by name; they must outlive the graph. */
  readonly weights?: ReadonlyMap<string, Tensor> | undefined;
}

/** What a graph declares; a length that differs from run to run has a name. */
export interface Input {
  readonly name: string;
  readonly type: TensorType;
  readonly shape: readonly (number | string)[];
}

/** A session: for one thread at a time. */
export interface Graph {
  readonly inputs: readonly Input[];
  readonly outputNames: readonly string[];
  bind(): Binding;
  /** Only of a graph that was opened with `recordPlacements`. */
  placements(): Placement[];
  close(): void;
}

export const ERRORS_ONLY = 3;

/** Throws Errors in onnxruntime's words. */
export function openGraph(
  runtime: OnnxRuntime,
  { env, allocator }: { readonly env: bigint; readonly allocator: bigint },
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
    for (const [name, { handle }] of options.weights ?? []) {
      runtime.call('AddInitializer', settings, name, handle);
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
