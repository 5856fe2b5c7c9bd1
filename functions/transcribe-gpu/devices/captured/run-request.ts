import type { TensorType } from '@murmuration/cuda/tensor-type';

/** As it travels between threads. */
export interface PlainTensor {
  readonly type: TensorType;
  readonly data: ArrayBufferView;
  readonly dims: readonly number[];
}

/** The inputs of models/GRAPH.md by name. */
export type Feeds = Readonly<Record<string, PlainTensor>>;

/** What the host has to know of a run. */
export interface RunPlan {
  readonly rows: number;
  readonly promptLength: number;
  /** 20 ms each. */
  readonly positions: number;
  /** Tokens of the row that may have most. */
  readonly mostTokens: number;
  readonly aligned: boolean;
  /** Steps may become ordinary: greedy, without timestamps. */
  readonly plain: boolean;
}

const SAMPLES_PER_POSITION = 320;

export function planRun(feeds: Feeds): RunPlan {
  const numbers = (name: string) =>
    [...(feeds[name]!.data as unknown as Iterable<number | bigint>)].map(Number);
  const [rows, promptLength] = feeds['prompt']!.dims as [number, number];
  return {
    ...{ rows, promptLength, positions: feeds['pcm']!.dims[1]! / SAMPLES_PER_POSITION },
    mostTokens: Math.max(...numbers('max_new')),
    aligned: numbers('alignment_on')[0] === 1,
    plain: numbers('timestamps')[0] === 0 && numbers('temperature').every((temperature) => temperature === 0),
  };
}

const arrays = { float32: Float32Array, int64: BigInt64Array, int16: Int16Array } as const;

export function toPlain(type: TensorType, dims: readonly number[], bytes: Uint8Array): PlainTensor {
  const List = arrays[type as keyof typeof arrays];
  return { type, data: new List(bytes.buffer as ArrayBuffer), dims };
}
