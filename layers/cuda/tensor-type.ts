/** Element types that Whisper's graphs have; a bool is one byte, a half two. */
export type TensorType = 'float32' | 'float16' | 'int64' | 'int32' | 'int16' | 'int8' | 'bool';

/** onnxruntime's number of a type, and bytes of one element. */
export const tensorTypes = {
  float32: { number: 1, bytes: 4 },
  int8: { number: 3, bytes: 1 },
  int16: { number: 5, bytes: 2 },
  int32: { number: 6, bytes: 4 },
  int64: { number: 7, bytes: 8 },
  bool: { number: 9, bytes: 1 },
  float16: { number: 10, bytes: 2 },
} as const satisfies Readonly<Record<TensorType, { readonly number: number; readonly bytes: number }>>;

export function typeOf(number: number): TensorType {
  const found = Object.entries(tensorTypes).find(([, type]) => type.number === number);
  if (found === undefined)
    throw new Error(`a tensor has onnxruntime's type ${number}, which is none of those known here`);
  return found[0] as TensorType;
}

export function sizeBytes(type: TensorType, shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, tensorTypes[type].bytes);
}
