import type { Masks } from './masks.ts';

/** Inputs of one run of the graph, in its own terms: models/GRAPH.md. Every list has one entry per row. */
export interface RunRequest {
  /** (rows, samples) float32, the whole of its buffer; for one run: a session in a thread of its own takes it away. */
  readonly pcm: Float32Array;
  readonly rows: number;
  readonly lengths: readonly number[];
  readonly silenceStride: number;
  /** Positions of the audio itself. */
  readonly audioPositions: readonly number[];
  readonly prompts: readonly (readonly number[])[];
  readonly startOfTranscriptIndex: number;
  readonly maxNewTokens: readonly number[];
  readonly masks: Masks;
  readonly forced: readonly number[];
  readonly probeTokens: readonly number[];
  readonly temperatures: readonly number[];
  readonly seeds: readonly bigint[];
  readonly timestamps: boolean;
  readonly alignment: boolean;
}

/** Outputs of one run, row-major. */
export interface RunResult {
  readonly steps: number;
  /** (rows, steps) */
  readonly tokens: BigInt64Array;
  /** (rows, steps) */
  readonly logprobs: Float32Array;
  /** (rows, probeTokens) */
  readonly probes: Float32Array;
  readonly alignment: Alignment;
}

/** What word times are made of; `positions` is 0 where no alignment was asked for. */
export type Alignment =
  /** Attention of the alignment heads, (steps, rows, heads, positions). */
  | {
      readonly kind: 'weights';
      readonly data: ArrayLike<number>;
      readonly heads: number;
      readonly positions: number;
    }
  /** What `alignmentScores` makes of it, (steps, rows, positions) in 1024ths: graphs for CUDA. */
  | { readonly kind: 'scores'; readonly data: Int16Array; readonly positions: number };

/** The graph, loaded. Any number of runs may be asked for at once: they wait for each other, or for one of `sessions`. */
export interface Session {
  run(request: RunRequest): Promise<RunResult>;
  /** Waits for the runs under way, then frees the graph's memory. May be called again. */
  close(): Promise<void>;
}
