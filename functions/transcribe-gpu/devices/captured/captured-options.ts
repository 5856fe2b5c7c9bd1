export interface CapturedOptions {
  /** Of the model. */
  readonly folder: string;
  readonly provider: 'cpu' | 'cuda';
  readonly deviceId: number;
  /** More options of onnxruntime's CUDA provider: gpu_mem_limit, arena_extend_strategy and the like. */
  readonly cuda?: Readonly<Record<string, string>> | undefined;
  /** Those of the encoder's graph alone. */
  readonly encoderCuda?: Readonly<Record<string, string>> | undefined;
  /** Else every kernel of a step is started by itself. @default true */
  readonly capture?: boolean | undefined;
  /** All graphs read one copy of the weights. @default true */
  readonly shareWeights?: boolean | undefined;
  /** Taken while a step is captured, by all threads of the process: withLock. @default none */
  readonly captureLock?: SharedArrayBuffer | undefined;
  readonly audioContext: number;
  /** Tokens of the longest transcript, prompt included. */
  readonly textContext: number;
  /** Decoder layer and head of each. */
  readonly alignmentHeads: readonly (readonly [number, number])[];
  readonly observe?: ((times: RunTimes) => void) | undefined;
  readonly warn?: ((message: string) => void) | undefined;
}

/** Milliseconds of one run. */
export interface RunTimes {
  readonly rows: number;
  readonly paddedRows: number;
  readonly positions: number;
  readonly steps: number;
  readonly captured: boolean;
  readonly prepare: number;
  readonly begin: number;
  readonly loop: number;
  readonly finish: number;
}
