import koffi from 'koffi';
import { once } from './once.ts';
import type { OnnxRuntime } from './onnxruntime.ts';
import { sizeBytes, type TensorType, tensorTypes, typeOf } from './tensor-type.ts';

/** An OrtValue. */
export interface Tensor {
  readonly handle: bigint;
  readonly address: bigint;
  readonly type: TensorType;
  readonly shape: readonly number[];
  /** Frees memory that onnxruntime allocated; of a caller's own memory nothing but the handle. */
  close(): void;
}

/** Memory of a kind: the host's, or one GPU's. */
export interface Place {
  readonly handle: bigint;
  close(): void;
}

/** Over `data`, or memory at an address, which both must outlive it. */
export function tensorOver(
  runtime: OnnxRuntime,
  place: Place,
  data: ArrayBufferView | bigint,
  type: TensorType,
  shape: readonly number[],
): Tensor {
  const bytes = sizeBytes(type, shape);
  if (typeof data !== 'bigint' && data.byteLength !== bytes) {
    const given = `${data.byteLength} were given`;
    throw new Error(`a tensor of ${shape.join(' × ')} ${type} has ${bytes} bytes, and ${given}`);
  }
  const lengths = BigInt64Array.from(shape, BigInt);
  const { number } = tensorTypes[type];
  const values = [place.handle, data, bytes, lengths, shape.length, number];
  return toTensor(runtime, runtime.create('CreateTensorWithDataAsOrtValue', ...values));
}

/** Takes the handle over. */
export function toTensor(runtime: OnnxRuntime, handle: bigint): Tensor {
  const info = runtime.create('GetTensorTypeAndShape', handle);
  try {
    const address = runtime.create('GetTensorMutableData', handle);
    const close = once(() => runtime.release('ReleaseValue', handle));
    return { handle, address, ...typeAndShape(runtime, info), close };
  } finally {
    runtime.release('ReleaseTensorTypeAndShapeInfo', info);
  }
}

/** A length that is not known is negative. */
export function typeAndShape(
  runtime: OnnxRuntime,
  info: bigint,
): { readonly type: TensorType; readonly shape: number[] } {
  const number = new Int32Array(1);
  runtime.call('GetTensorElementType', info, number);
  const lengths = new BigInt64Array(Number(runtime.create('GetDimensionsCount', info)));
  runtime.call('GetDimensions', info, lengths, lengths.length);
  return { type: typeOf(number[0]!), shape: [...lengths].map(Number) };
}

/** A copy of what a tensor in the host's memory holds. */
export function readTensor({ address, type, shape }: Tensor): Uint8Array {
  const bytes = sizeBytes(type, shape);
  return bytes === 0 ? new Uint8Array(0) : new Uint8Array(koffi.view(address, bytes).slice(0));
}
