import { join } from 'node:path';
import {
  type Binding,
  type Graph,
  openEnvironment,
  type RunOptions,
  type Tensor,
} from '@murmuration/cuda/graph';
import { cudaMemory, hostMemory } from '@murmuration/cuda/memory';
import { loadOnnxRuntime } from '@murmuration/cuda/onnxruntime';
import type { TensorType } from '@murmuration/cuda/tensor-type';
import { createStepMemory, type Lengths, shapeOf } from './step-memory.ts';

export interface CapturedOptions {
  readonly folder: string;
  readonly provider: 'cpu' | 'cuda';
  readonly deviceId: number;
  /** More options of onnxruntime's CUDA provider: gpu_mem_limit, arena_extend_strategy and the like. */
  readonly cuda?: Readonly<Record<string, string>> | undefined;
  /** @default true */
  readonly capture?: boolean | undefined;
  readonly audioContext: number;
  /** Tokens of the longest transcript, prompt included. */
  readonly room: number;
  /** Decoder layer and head of each. */
  readonly alignmentHeads: readonly (readonly [number, number])[];
  readonly observe?: ((times: RunTimes) => void) | undefined;
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

export interface PlainTensor {
  readonly type: string;
  readonly data: ArrayBufferView;
  readonly dims: readonly number[];
}

/** The inputs of models/GRAPH.md by name. */
export type Feeds = Readonly<Record<string, PlainTensor>>;

export interface CapturedGraphs {
  readonly inputNames: readonly string[];
  /** Throws Errors in onnxruntime's and CUDA's own words. */
  run(feeds: Feeds): Record<string, PlainTensor>;
  close(): void;
}

/** Rows are padded to one of these, for each is captured on its own. */
const BUCKETS = [1, 2, 4, 8, 12, 16, 20, 24, 32, 48, 64, 96, 128];
/** Steps between two looks at whether any row is still going: a look waits for the GPU. */
const STEPS_PER_LOOK = 8;
/** Most transcripts are shorter; longer ones have scores of their own size. */
const USUAL_STEPS = 224;

interface Capture {
  readonly binding: Binding;
  readonly tensors: readonly Tensor[];
  readonly going: RunOptions;
  readonly waiting: RunOptions;
}

/** The three graphs of models/graph_captured.py; for one thread alone, which every run blocks. */
export function openCapturedGraphs(options: CapturedOptions): CapturedGraphs {
  const { folder, provider, deviceId, audioContext, room, alignmentHeads, observe } = options;
  const onCuda = provider === 'cuda';
  const environment = openEnvironment(loadOnnxRuntime());
  const memory = onCuda ? cudaMemory(deviceId) : hostMemory();
  const device = environment.place(memory);
  const host = environment.place({ name: 'Cpu', deviceId: 0 });
  const blocks = createStepMemory(memory);
  const open = (name: string, own: Readonly<Record<string, string>> = {}) =>
    environment.openGraph(join(folder, name), {
      threads: 1,
      cuda: onCuda ? { device_id: String(deviceId), ...options.cuda, ...own } : undefined,
    });
  const capturing = onCuda && (options.capture ?? true);
  const openStep = (name: string) =>
    open(name, {
      enable_cuda_graph: capturing ? '1' : '0',
      arena_extend_strategy: 'kSameAsRequested',
    });

  const begin = open('begin.onnx');
  const finish = open('finish.onnx');
  const steps = new Map<boolean, Graph>();
  const captures = new Map<string, Capture>();
  const layers = [...new Set(alignmentHeads.map(([layer]) => layer))];
  const headsOf = (layer: number) => alignmentHeads.filter(([own]) => own === layer).length;
  /** Of the scores that a step writes: all heads of one layer. */
  const scoreLengths = (rows: number, positions: number) =>
    Object.fromEntries(layers.map((layer) => [`N${layer}`, rows * headsOf(layer) * positions]));
  let moves = 0;
  let nextGraphId = 1;
  let mostRows = 0;

  function stepGraph(aligned: boolean): Graph {
    const graph = steps.get(aligned) ?? openStep(aligned ? 'step-aligned.onnx' : 'step.onnx');
    steps.set(aligned, graph);
    return graph;
  }

  function forget(): void {
    for (const { binding, tensors, going, waiting } of captures.values()) {
      for (const part of [binding, going, waiting, ...tensors]) part.close();
    }
    captures.clear();
  }

  /** What one step reads and writes, at fixed places. */
  function prepare(aligned: boolean, lengths: Lengths): Capture {
    const graph = stepGraph(aligned);
    mostRows = Math.max(mostRows, lengths['B']!);
    const widest = { ...lengths, B: mostRows, L: audioContext };
    blocks.fit(graph.inputs, { ...widest, ...scoreLengths(mostRows, audioContext) });
    if (moves !== blocks.moves) forget();
    moves = blocks.moves;
    const key = `${aligned} ${Object.values(lengths).join()}`;
    const known = captures.get(key);
    if (known !== undefined) return known;
    const id = capturing ? nextGraphId++ : -1;
    const binding = graph.bind();
    const tensors = graph.inputs.map((input) => {
      const tensor = environment.tensor(
        device,
        blocks.address(input.name),
        input.type,
        shapeOf(input, lengths),
      );
      binding.input(input.name, tensor);
      if (graph.outputNames.includes(`${input.name} out`)) binding.output(`${input.name} out`, tensor);
      return tensor;
    });
    const entries = onCuda && options.capture !== false ? { gpu_graph_id: String(id) } : {};
    const capture = {
      binding,
      tensors,
      waiting: environment.runOptions(entries),
      going: environment.runOptions({ ...entries, disable_synchronize_execution_providers: '1' }),
    };
    if (capturing) {
      // Runs the step two or three times over whatever lies there: of rows that are at their end
      writeState(lengths['B']!, {
        ids: new BigInt64Array(lengths['B']!),
        done: new Uint8Array(0),
        length: 1,
      });
      if (aligned) memory.zero(blocks.address('first'), 8);
      binding.run(capture.waiting);
    }
    captures.set(key, capture);
    return capture;
  }

  /** Rows that are there only to fill up are done from the start. */
  function writeState(
    paddedRows: number,
    {
      ids,
      done,
      length,
    }: { readonly ids: BigInt64Array; readonly done: Uint8Array; readonly length: number },
  ): void {
    const allIds = new BigInt64Array(paddedRows);
    allIds.set(ids);
    memory.write(blocks.address('ids'), bytesOf(allIds));
    memory.write(blocks.address('length'), bytesOf(new Int32Array(paddedRows).fill(length)));
    const allDone = new Uint8Array(paddedRows).fill(1);
    allDone.set(done);
    memory.write(blocks.address('done'), allDone);
  }

  function run(feeds: Feeds): Record<string, PlainTensor> {
    const startedAt = performance.now();
    const [rows, promptLength] = feeds['prompt']!.dims as [number, number];
    const positions = feeds['pcm']!.dims[1]! / 320;
    const aligned = layers.length > 0 && first(feeds['alignment_on']!) === 1;
    const most = Math.max(...[...(feeds['max_new']!.data as BigInt64Array)].map(Number));
    const paddedRows = BUCKETS.find((size) => size >= rows) ?? rows;
    const lengths: Lengths = {
      ...{ B: paddedRows, L: positions, S: aligned ? (most > USUAL_STEPS ? room : USUAL_STEPS) : 0 },
      ...scoreLengths(paddedRows, positions),
    };
    const capture = prepare(aligned, lengths);
    const preparedAt = performance.now();

    const held: { close(): void }[] = [];
    const keep = <T extends { close(): void }>(one: T): T => {
      held.push(one);
      return one;
    };
    try {
      const beginning = keep(begin.bind());
      for (const { name, type } of begin.inputs) {
        const { data, dims } = feeds[name]!;
        beginning.input(name, keep(environment.tensor(host, data, type, dims)));
      }
      const stepInputs = stepGraph(aligned).inputs;
      const view = (name: string, rowsOrNone: Lengths) => {
        const input = stepInputs.find((one) => one.name === name)!;
        const shape = shapeOf(input, { ...lengths, ...rowsOrNone });
        return keep(environment.tensor(device, blocks.address(name), input.type, shape));
      };
      const ids = new BigInt64Array(rows);
      const done = new Uint8Array(rows);
      const count = new BigInt64Array(1);
      beginning.output('ids', keep(environment.tensor(host, ids, 'int64', [rows, 1])));
      beginning.output('done', keep(environment.tensor(host, done, 'bool', [rows, 1])));
      beginning.output('count', keep(environment.tensor(host, count, 'int64', [1])));
      const placed = begin.outputNames.filter((name) => stepInputs.some((input) => input.name === name));
      for (const name of placed) {
        if (!['ids', 'done'].includes(name)) beginning.output(name, view(name, { B: rows }));
      }
      const free = ['probe_prob', ...(layers.length > 0 ? ['first scores'] : [])];
      beginning.outputTo('probe_prob', host);
      if (layers.length > 0) beginning.outputTo('first scores', device);
      beginning.run();
      const made = beginning.outputs().map(keep).slice(-free.length);
      const begunAt = performance.now();

      let tokens = Number(count[0]);
      if (tokens < most && done.includes(0)) {
        writeState(paddedRows, { ids, done, length: promptLength + tokens });
        if (aligned)
          memory.write(blocks.address('first'), bytesOf(BigInt64Array.of(BigInt(promptLength + tokens - 1))));
        do {
          const next = Math.min(STEPS_PER_LOOK, most - tokens);
          for (let step = 1; step <= next; step++) {
            capture.binding.run(step === next ? capture.waiting : capture.going);
          }
          tokens += next;
        } while (tokens < most && memory.read(blocks.address('done'), rows).includes(0));
      }
      const loopedAt = performance.now();

      const finishing = keep(finish.bind());
      for (const { name, type, shape } of finish.inputs) {
        if (name === 'history' || name === 'logprobs') finishing.input(name, view(name, { B: rows }));
        else if (name === 'count') {
          finishing.input(
            name,
            keep(environment.tensor(host, BigInt64Array.of(BigInt(tokens)), 'int64', [1])),
          );
        } else if (name === 'first scores') finishing.input(name, made[1]!);
        else if (name.startsWith('scores ')) {
          const heads = layers.map((layer) => [`H${layer}`, aligned ? headsOf(layer) : 0]);
          const steps = aligned ? lengths['S']! : 0;
          const scores = shapeOf(
            { shape },
            { S: steps, R: paddedRows, L: positions, ...Object.fromEntries(heads) },
          );
          const address = blocks.address(aligned ? name : 'ids');
          finishing.input(name, keep(environment.tensor(device, address, type, scores)));
        } else {
          const { data, dims } = feeds[name]!;
          finishing.input(name, keep(environment.tensor(host, data, type, dims)));
        }
      }
      for (const name of finish.outputNames) finishing.outputTo(name, host);
      finishing.run();
      const outputs = finishing.outputs().map(keep);
      const named = [
        ...finish.outputNames.map((name, place) => [name, outputs[place]!] as const),
        ['probe_prob', made[0]!] as const,
      ];
      const result = Object.fromEntries(
        named.map(([name, tensor]) => [name, toPlain(tensor, environment.read(tensor))]),
      );
      const endedAt = performance.now();
      observe?.({
        ...{ rows, paddedRows, positions, captured: capturing, steps: tokens - Number(count[0]) },
        ...{ prepare: preparedAt - startedAt, begin: begunAt - preparedAt },
        ...{ loop: loopedAt - begunAt, finish: endedAt - loopedAt },
      });
      return result;
    } finally {
      for (const one of held.reverse()) one.close();
    }
  }

  let closed = false;
  return {
    inputNames: begin.inputs.map(({ name }) => name),
    run,
    close() {
      if (closed) return;
      closed = true;
      forget();
      for (const graph of [...steps.values(), begin, finish]) graph.close();
      blocks.close();
      for (const place of [device, host]) place.close();
      environment.close();
    },
  };
}

function first({ data }: PlainTensor): number {
  return Number((data as Uint8Array)[0]);
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

const arrays: Partial<Record<TensorType, new (buffer: ArrayBuffer) => ArrayBufferView>> = {
  float32: Float32Array,
  int64: BigInt64Array,
  int16: Int16Array,
};

function toPlain({ type, shape }: Tensor, bytes: Uint8Array): PlainTensor {
  return { type, data: new arrays[type]!(bytes.buffer as ArrayBuffer), dims: shape };
}
