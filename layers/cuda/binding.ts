import { once } from './once.ts';
import type { OnnxRuntime } from './onnxruntime.ts';
import { readAddresses } from './read-addresses.ts';
import { type Place, type Tensor, toTensor } from './tensor.ts';

/** Inputs and outputs of a run, set once for as many runs as one likes. */
export interface Binding {
  /** A tensor of the host is copied now; one where the graph wants it is read at every run. */
  input(name: string, tensor: Tensor): void;
  /** Written where the tensor is; it may be an input's. */
  output(name: string, tensor: Tensor): void;
  /** For an output whose shape is not known before. */
  outputTo(name: string, place: Place): void;
  /** Throws Errors in onnxruntime's words. */
  run(options?: RunOptions): void;
  /** In the order of binding; each is to be closed. */
  outputs(): Tensor[];
  close(): void;
}

export interface RunOptions {
  readonly handle: bigint;
  close(): void;
}

export function bind(runtime: OnnxRuntime, session: bigint, allocator: bigint): Binding {
  const binding = runtime.create('CreateIoBinding', session);
  return {
    input: (name, { handle }) => runtime.call('BindInput', binding, name, handle),
    output: (name, { handle }) => runtime.call('BindOutput', binding, name, handle),
    outputTo: (name, { handle }) => runtime.call('BindOutputToDevice', binding, name, handle),
    run: (options) => runtime.call('RunWithBinding', session, options?.handle ?? null, binding),
    outputs() {
      const [values, count] = [new BigUint64Array(1), new BigUint64Array(1)];
      runtime.call('GetBoundOutputValues', binding, allocator, values, count);
      const handles = readAddresses(values[0]!, Number(count[0]));
      if (handles.length > 0) runtime.call('AllocatorFree', allocator, values[0]!);
      return handles.map((handle) => toTensor(runtime, handle));
    },
    close: once(() => runtime.release('ReleaseIoBinding', binding)),
  };
}
