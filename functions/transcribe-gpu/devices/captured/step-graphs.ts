import type { Binding, RunOptions } from '@murmuration/cuda/binding';
import type { Environment } from '@murmuration/cuda/environment';
import type { Graph } from '@murmuration/cuda/graph';
import type { Place, Tensor } from '@murmuration/cuda/tensor';
import { onnxError } from '@murmuration/whisper/onnx-error';
import { type Lengths, type StepMemory, shapeOf } from './step-memory.ts';

/** One step of so many rows at so many positions, ready to be run again and again. */
export interface ReadyStep {
  /** Comes back when the GPU has been given its work. */
  start(): void;
  /** Comes back when all steps up to this one are done. */
  finish(): void;
}

export interface StepGraphs {
  inputs(aligned: boolean): Graph['inputs'];
  readonly captures: boolean;
  /** Makes memory for so many. This and `ready` throw Errors in onnxruntime's and CUDA's own words. */
  fit(aligned: boolean, widest: Lengths): void;
  /** Overwrites what steps begin with. */
  ready(aligned: boolean, lengths: Lengths): ReadyStep;
  close(): void;
}

export interface StepGraphsOptions {
  readonly environment: Environment;
  /** Where `memory` lies. */
  readonly device: Place;
  readonly memory: StepMemory;
  readonly capture: boolean;
  readonly open: (name: string, capture: boolean) => Graph;
  /** Makes the state that a capture is to run over: rows that are at their end. */
  readonly rest: (lengths: Lengths) => void;
  readonly warn: (message: string) => void;
}

interface Capture extends ReadyStep {
  close(): void;
}

/** A graph that is told so neither captures nor replays in this run. */
const NEVER_CAPTURED = -1;

/** The graph of one step, and what was captured of it: for every number of rows and positions once. */
export function createStepGraphs(options: StepGraphsOptions): StepGraphs {
  const { environment, device, memory, open, rest, warn } = options;
  let capturing = options.capture;
  const graphs = new Map<boolean, Graph>();
  const captures = new Map<string, Capture>();
  let nextId = 1;

  function graphOf(aligned: boolean): Graph {
    const known = graphs.get(aligned);
    if (known !== undefined) return known;
    const graph = orWithoutCapturing(() => open(aligned ? 'step-aligned.onnx' : 'step.onnx', capturing));
    graphs.set(aligned, graph);
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

  /** What cannot be captured runs kernel by kernel from then on. */
  function orWithoutCapturing<T>(work: () => T): T {
    try {
      return work();
    } catch (cause) {
      const { code, details, message } = onnxError(cause, 'capturing a step');
      if (!capturing || code === 'out-of-memory' || details['fatal'] === true) throw cause;
      warn(`steps are run kernel by kernel, not as CUDA graphs: ${message}`);
      capturing = false;
      closeGraphs();
      return work();
    }
  }

  function make(aligned: boolean, lengths: Lengths): Capture {
    const graph = graphOf(aligned);
    const binding = graph.bind();
    const tensors = graph.inputs.map((input) => {
      const shape = shapeOf(input, lengths);
      const tensor = environment.tensor(device, memory.address(input.name), input.type, shape);
      bindInPlace(graph, binding, input.name, tensor);
      return tensor;
    });
    const graphId = { gpu_graph_id: String(capturing ? nextId++ : NEVER_CAPTURED) };
    const waiting = environment.runOptions(graphId);
    const going = environment.runOptions({ ...graphId, disable_synchronize_execution_providers: '1' });
    const capture = toCapture(binding, tensors, going, waiting);
    if (!capturing) return capture;
    try {
      // Two or three runs: onnxruntime first has its memory grow, then captures, then replays
      rest(lengths);
      capture.finish();
      return capture;
    } catch (error) {
      capture.close();
      throw error;
    }
  }

  return {
    inputs: (aligned) => graphOf(aligned).inputs,
    get captures() {
      return capturing;
    },
    fit(aligned, widest) {
      if (memory.fit(graphOf(aligned).inputs, widest)) forget();
    },
    ready(aligned, lengths) {
      const key = `${aligned} ${Object.values(lengths).join()}`;
      const known = captures.get(key) ?? orWithoutCapturing(() => make(aligned, lengths));
      captures.set(key, known);
      return known;
    },
    close: closeGraphs,
  };
}

/** An output "X out" goes where the input X is. */
function bindInPlace(graph: Graph, binding: Binding, name: string, tensor: Tensor): void {
  binding.input(name, tensor);
  if (graph.outputNames.includes(`${name} out`)) binding.output(`${name} out`, tensor);
}

function toCapture(
  binding: Binding,
  tensors: readonly Tensor[],
  going: RunOptions,
  waiting: RunOptions,
): Capture {
  return {
    start: () => binding.run(going),
    finish: () => binding.run(waiting),
    close() {
      for (const part of [binding, going, waiting, ...tensors]) part.close();
    },
  };
}
