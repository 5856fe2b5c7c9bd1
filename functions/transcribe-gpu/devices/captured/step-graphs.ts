import type { Binding, RunOptions } from '@murmuration/cuda/binding';
import type { Environment } from '@murmuration/cuda/environment';
import type { Graph } from '@murmuration/cuda/graph';
import type { Place, Tensor } from '@murmuration/cuda/tensor';
import { onnxError } from '@murmuration/whisper/onnx-error';
import { type Lengths, type StepMemory, shapeOf } from './step-memory.ts';
import type { StepKind } from './step-sizes.ts';
import { withLock } from './with-lock.ts';

/** The next tokens of so many rows at so many positions, ready to be run again and again. */
export interface ReadyStep {
  /** Comes back when the GPU has been given its work. */
  start(): void;
  /** Comes back when all steps up to this one are done. */
  finish(): void;
}

export interface StepGraphs {
  inputs(kind: StepKind): Graph['inputs'];
  /** Tokens that one run of a graph makes. */
  stepsPerRun(kind: StepKind): number;
  readonly captures: boolean;
  /** Makes memory for so many. This and `ready` throw Errors in onnxruntime's and CUDA's own words. */
  fit(kind: StepKind, widest: Lengths): void;
  /** Overwrites what steps begin with. */
  ready(kind: StepKind, lengths: Lengths): ReadyStep;
  close(): void;
}

export interface StepGraphsOptions {
  readonly environment: Environment;
  /** Where `memory` lies. */
  readonly device: Place;
  readonly host: Place;
  readonly memory: StepMemory;
  readonly capture: boolean;
  readonly captureLock: SharedArrayBuffer | undefined;
  readonly open: (kind: StepKind, way: StepWay) => Graph;
  /** Makes the state that a capture is to run over: rows that are at their end. */
  readonly rest: (inputs: Iterable<string>, lengths: Lengths) => void;
  readonly forgetError: () => void;
  readonly warn: (message: string) => void;
}

export interface StepWay {
  readonly capture: boolean;
  /** Memory grows by more than was asked for. */
  readonly roomy: boolean;
}

interface Capture extends ReadyStep {
  /** Read at every run that is not captured. */
  readonly onHost: object;
  close(): void;
}

/** Inputs that a kernel reads on the host. */
const ON_HOST = ['room', 'positions'];
/** A graph that is told so neither captures nor replays in this run. */
const NEVER_CAPTURED = -1;

/** The graph of one step, and what was captured of it: for every number of rows and positions once. */
export function createStepGraphs(options: StepGraphsOptions): StepGraphs {
  const { environment, device, host, memory, open, rest, warn, forgetError } = options;
  let way: StepWay = { capture: options.capture, roomy: false };
  const graphs = new Map<StepKind, Graph>();
  const captures = new Map<string, Capture>();
  let nextId = 1;

  function graphOf(kind: StepKind): Graph {
    const known = graphs.get(kind);
    if (known !== undefined) return known;
    const graph = orByLesserMeans(() => open(kind, way));
    graphs.set(kind, graph);
    return graph;
  }

  function forget(): void {
    for (const capture of captures.values()) capture.close();
    captures.clear();
  }

  function closeGraphs(): void {
    forget();
    for (const graph of graphs.values()) graph.close();
    graphs.clear();
  }

  /**
   * While it captures, onnxruntime cannot take memory, and what lies free may by then be in pieces of other sizes than are asked
   * for: with some models it failed so. What cannot be captured in roomier memory either runs kernel by kernel from then on.
   */
  function orByLesserMeans<T>(work: () => T): T {
    try {
      return work();
    } catch (cause) {
      const { code, details, message } = onnxError(cause, 'capturing a step');
      if (!way.capture || code === 'out-of-memory' || details['fatal'] === true) throw cause;
      if (way.roomy) warn(`steps are run kernel by kernel, not as CUDA graphs: ${message}`);
      way = way.roomy ? { capture: false, roomy: false } : { capture: true, roomy: true };
      closeGraphs();
      forgetError();
      return orByLesserMeans(work);
    }
  }

  function make(kind: StepKind, lengths: Lengths): Capture {
    const graph = graphOf(kind);
    const binding = graph.bind();
    const onHost: Readonly<Record<string, Int32Array>> = {
      room: Int32Array.of(lengths['R']!),
      positions: Int32Array.of(lengths['L']!),
    };
    const tensors = graph.inputs.map((input) => {
      const { name, type } = input;
      const own = onHost[name];
      const tensor =
        own === undefined
          ? environment.tensor(device, memory.address(name), type, shapeOf(input, lengths))
          : environment.tensor(host, own, type, [1]);
      bindInPlace(graph, binding, name, tensor);
      return tensor;
    });
    const graphId = { gpu_graph_id: String(way.capture ? nextId++ : NEVER_CAPTURED) };
    const waiting = environment.runOptions(graphId);
    const going = environment.runOptions({ ...graphId, disable_synchronize_execution_providers: '1' });
    const capture = toCapture(binding, tensors, onHost, going, waiting);
    if (!way.capture) return capture;
    try {
      // Two or three runs: onnxruntime first has its memory grow, then captures, then replays
      rest(
        graph.inputs.map(({ name }) => name),
        lengths,
      );
      withLock(options.captureLock, () => capture.finish());
      return capture;
    } catch (error) {
      capture.close();
      throw error;
    }
  }

  return {
    inputs: (kind) => graphOf(kind).inputs,
    stepsPerRun: (kind) => graphOf(kind).outputNames.filter((name) => name.startsWith('history out')).length,
    get captures() {
      return way.capture;
    },
    fit(kind, widest) {
      const inputs = graphOf(kind).inputs.filter(({ name }) => !ON_HOST.includes(name));
      if (memory.fit(inputs, widest)) forget();
    },
    ready(kind, lengths) {
      const key = `${kind} ${Object.values(lengths).join()}`;
      const known = captures.get(key) ?? orByLesserMeans(() => make(kind, lengths));
      captures.set(key, known);
      return known;
    },
    close: closeGraphs,
  };
}

/** Outputs "X out", "X out 0" and so on go where the input X is. */
function bindInPlace(graph: Graph, binding: Binding, name: string, tensor: Tensor): void {
  binding.input(name, tensor);
  for (const output of graph.outputNames) {
    if (output.split(' out')[0] === name) binding.output(output, tensor);
  }
}

function toCapture(
  binding: Binding,
  tensors: readonly Tensor[],
  onHost: object,
  going: RunOptions,
  waiting: RunOptions,
): Capture {
  return {
    onHost,
    start: () => binding.run(going),
    finish: () => binding.run(waiting),
    close() {
      for (const part of [binding, going, waiting, ...tensors]) part.close();
    },
  };
}
