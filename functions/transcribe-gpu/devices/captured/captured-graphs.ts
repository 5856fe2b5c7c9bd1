import { join } from 'node:path';
import type { Binding } from '@murmuration/cuda/binding';
import { openEnvironment } from '@murmuration/cuda/environment';
import type { Graph } from '@murmuration/cuda/graph';
import { cudaMemory, hostMemory } from '@murmuration/cuda/memory';
import { loadOnnxRuntime } from '@murmuration/cuda/onnxruntime';
import { readTensor, type Tensor } from '@murmuration/cuda/tensor';
import { tensorTypes } from '@murmuration/cuda/tensor-type';
import { type Feeds, type PlainTensor, planRun, toPlain } from './run-request.ts';
import { shareWeights } from './shared-weights.ts';
import { createStepGraphs } from './step-graphs.ts';
import { createStepMemory, shapeOf } from './step-memory.ts';
import { createStepSizes, type StepKind } from './step-sizes.ts';
import { writeState } from './write-state.ts';

export interface CapturedOptions {
  readonly folder: string;
  readonly provider: 'cpu' | 'cuda';
  readonly deviceId: number;
  /** More options of onnxruntime's CUDA provider: gpu_mem_limit, arena_extend_strategy and the like. */
  readonly cuda?: Readonly<Record<string, string>> | undefined;
  /** @default true */
  readonly capture?: boolean | undefined;
  /** All graphs read one copy of the weights. @default true */
  readonly shareWeights?: boolean | undefined;
  readonly audioContext: number;
  /** Tokens of the longest transcript, prompt included. */
  readonly textContext: number;
  /** Decoder layer and head of each. */
  readonly alignmentHeads: readonly (readonly [number, number])[];
  /** Up to so many rows have the kernel of few. @default what was measured */
  readonly fewRows?: number | undefined;
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

/** One model's graphs. */
export interface CapturedGraphs {
  readonly inputNames: readonly string[];
  /** Throws Errors in onnxruntime's and CUDA's own words. */
  run(feeds: Feeds): Record<string, PlainTensor>;
  /** May be called again. */
  close(): void;
}

/** Tokens between two looks at whether any row is still going: a look waits for the GPU. */
const STEPS_PER_LOOK = 8;
/** CUDA's kernel for many rows reads keys in pieces of so many bytes. */
const PIECE_BYTES = 16;
/** Inputs of the beginning that no request has. */
const OWN = ['room', 'key shape'];

/** The three graphs of models/graph_captured.py; for one thread alone, which every run blocks. */
export function openCapturedGraphs(options: CapturedOptions): CapturedGraphs {
  const { folder, provider, deviceId, observe } = options;
  const onCuda = provider === 'cuda';
  const environment = openEnvironment(loadOnnxRuntime());
  const memory = onCuda ? cudaMemory(deviceId) : hostMemory();
  const device = environment.place(memory);
  const host = environment.place({ name: 'Cpu', deviceId: 0 });
  const weights =
    (options.shareWeights ?? true) ? shareWeights(folder, memory, environment, device) : undefined;
  const blocks = createStepMemory(memory);
  const sizes = createStepSizes(options);
  const open = (name: string, own: Readonly<Record<string, string>> = {}) =>
    environment.openGraph(join(folder, name), {
      threads: 1,
      cuda: onCuda ? { device_id: String(deviceId), ...own, ...options.cuda } : undefined,
      weights: weights?.tensors,
    });
  const begin = open('begin.onnx');
  const finish = open('finish.onnx');
  const steps = createStepGraphs({
    ...{ environment, device, host, memory: blocks, capture: onCuda && (options.capture ?? true) },
    open: (name, capture) =>
      open(name, { enable_cuda_graph: capture ? '1' : '0', arena_extend_strategy: 'kSameAsRequested' }),
    rest: (lengths) => writeState(memory, blocks, lengths, undefined),
    forgetError: memory.forgetError,
    warn: options.warn ?? ((message) => process.emitWarning(message, { code: 'MURMURATION_CUDA_GRAPHS' })),
  });

  function run(feeds: Feeds): Record<string, PlainTensor> {
    const startedAt = performance.now();
    const plan = planRun(feeds);
    const { rows, promptLength, positions, mostTokens } = plan;
    const kind = sizes.kind(plan);
    const stepsPerRun = steps.stepsPerRun(kind);
    const lengths = sizes.lengths(plan, kind, stepsPerRun);
    sizes.remember(lengths, (widest) => steps.fit(kind, widest));
    // Before what it would overwrite is there
    const step = plan.plain && mostTokens > 1 ? steps.ready(kind, lengths) : undefined;
    const inputs = new Map(steps.inputs(kind).map((input) => [input.name, input]));
    const preparedAt = performance.now();

    const held: { close(): void }[] = [];
    const keep = <T extends { close(): void }>(one: T): T => {
      held.push(one);
      return one;
    };
    const onHost = (data: ArrayBufferView, type: PlainTensor['type'], shape: readonly number[]) =>
      keep(environment.tensor(host, data, type, shape));
    /** Of a block that steps read and write, the rows that are not there only to fill up. */
    const ownRows = (name: string) => {
      const input = inputs.get(name)!;
      const shape = shapeOf(input, { ...lengths, B: rows });
      const made = name.startsWith('audio key') ? keysAsMade(input.type, shape, kind) : shape;
      return keep(environment.tensor(device, blocks.address(name), input.type, made));
    };
    const key = inputs.get('audio key 0')!;
    const [, , pieces, , piece] = keysAsMade(key.type, [0, 0, 0, Number(key.shape[3])], kind);
    const more: Readonly<Record<string, BigInt64Array>> = {
      room: BigInt64Array.of(BigInt(lengths['R']!)),
      'key shape': BigInt64Array.of(0n, 0n, -1n, BigInt(pieces!), BigInt(piece!)),
    };
    const feed = (binding: Binding, { name, type }: Graph['inputs'][number]) => {
      const own = more[name];
      const { data, dims } = own === undefined ? feeds[name]! : { data: own, dims: [own.length] };
      binding.input(name, onHost(data, type, dims));
    };
    try {
      const beginning = keep(begin.bind());
      for (const input of begin.inputs) feed(beginning, input);
      const [ids, done, count] = [new BigInt64Array(rows), new Uint8Array(rows), new BigInt64Array(1)];
      beginning.output('ids', onHost(ids, 'int64', [rows, 1]));
      beginning.output('done', onHost(done, 'bool', [rows, 1]));
      beginning.output('count', onHost(count, 'int64', [1]));
      const named = begin.outputNames.filter((name) => !['ids', 'done', 'count'].includes(name));
      const kept = named.filter((name) => inputs.has(name));
      const free = named.filter((name) => !kept.includes(name));
      for (const name of kept) beginning.output(name, ownRows(name));
      for (const name of free) beginning.outputTo(name, name === 'probe_prob' ? host : device);
      beginning.run();
      const bound = beginning.outputs().map(keep).slice(-free.length);
      const made = new Map(free.map((name, place) => [name, bound[place]!]));
      const begunAt = performance.now();

      let tokens = Number(count[0]);
      const first = tokens;
      if (step !== undefined && tokens < mostTokens && done.includes(0)) {
        writeState(memory, blocks, lengths, { ids, done, length: promptLength + tokens });
        do {
          const runs = Math.ceil(Math.min(STEPS_PER_LOOK, mostTokens - tokens) / stepsPerRun);
          for (let place = 1; place < runs; place++) step.start();
          step.finish();
          tokens += runs * stepsPerRun;
        } while (tokens < mostTokens && memory.read(blocks.address('done'), rows).includes(0));
      }
      const loopedAt = performance.now();

      const finishing = keep(finish.bind());
      for (const input of finish.inputs) {
        const { name, type } = input;
        if (name === 'count') finishing.input(name, onHost(BigInt64Array.of(BigInt(tokens)), 'int64', [1]));
        else if (made.has(name)) finishing.input(name, made.get(name)!);
        else if (name === 'history' || name === 'logprobs') finishing.input(name, ownRows(name));
        else if (name.startsWith('scores ')) {
          const shape = shapeOf(input, sizes.scores(lengths, kind === 'step-aligned'));
          const address = blocks.address(inputs.has(name) ? name : 'ids');
          finishing.input(name, keep(environment.tensor(device, address, type, shape)));
        } else feed(finishing, input);
      }
      for (const name of finish.outputNames) finishing.outputTo(name, host);
      finishing.run();
      const results: [string, Tensor][] = [['probe_prob', made.get('probe_prob')!]];
      for (const [place, tensor] of finishing.outputs().map(keep).entries()) {
        results.push([finish.outputNames[place]!, tensor]);
      }
      const outputs = results.map(([name, one]) => [name, toPlain(one.type, one.shape, readTensor(one))]);
      observe?.({
        ...{ rows, paddedRows: lengths['B']!, positions, captured: steps.captures, steps: tokens - first },
        ...{ prepare: preparedAt - startedAt, begin: begunAt - preparedAt, loop: loopedAt - begunAt },
        finish: performance.now() - loopedAt,
      });
      return Object.fromEntries(outputs);
    } finally {
      for (const one of held.reverse()) one.close();
    }
  }

  /** Keys (rows, heads, positions, head size) as `begin` writes them: (rows, heads, pieces, positions, piece). */
  function keysAsMade(type: PlainTensor['type'], shape: readonly number[], kind: StepKind): number[] {
    const [rows, heads, positions, headSize] = shape as [number, number, number, number];
    const piece = kind === 'step' || !onCuda ? headSize : PIECE_BYTES / tensorTypes[type].bytes;
    return [rows, heads, headSize / piece, positions, piece];
  }

  let closed = false;
  return {
    inputNames: begin.inputs.map(({ name }) => name).filter((name) => !OWN.includes(name)),
    run,
    close() {
      if (closed) return;
      closed = true;
      for (const part of [steps, begin, finish, blocks, ...(weights === undefined ? [] : [weights])])
        part.close();
      for (const part of [device, host, environment]) part.close();
    },
  };
}
