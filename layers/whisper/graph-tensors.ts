import { MurmurationError } from '@murmuration/pipeline/errors';
import { type OnnxValue, Tensor } from 'onnxruntime-node';
import type { Alignment, RunRequest, RunResult } from './graph-run.ts';

/** The inputs of models/GRAPH.md by name. */
export function toTensors(request: RunRequest): Record<string, Tensor> {
  const { rows } = request;
  const promptLength = request.prompts[0]!.length;
  const vocabulary = request.masks.data.length / request.masks.steps;
  return {
    pcm: new Tensor('float32', request.pcm, [rows, request.pcm.length / rows]),
    lengths: integers(request.lengths, [rows]),
    silence_stride: integers([request.silenceStride], []),
    audio_positions: integers(request.audioPositions, [rows]),
    prompt: integers(request.prompts.flat(), [rows, promptLength]),
    sot_index: integers([request.startOfTranscriptIndex], []),
    max_new: integers(request.maxNewTokens, [rows]),
    masks: new Tensor('float32', request.masks.data, [request.masks.steps, vocabulary]),
    forced: integers(request.forced, [request.forced.length]),
    probe_ids: integers(request.probeTokens, [request.probeTokens.length]),
    temperature: new Tensor('float32', Float32Array.from(request.temperatures), [rows]),
    seed: new Tensor('int64', BigInt64Array.from(request.seeds), [rows]),
    timestamps: new Tensor('bool', [request.timestamps], []),
    alignment_on: new Tensor('bool', [request.alignment], []),
  };
}

function integers(values: readonly number[], shape: readonly number[]): Tensor {
  return new Tensor('int64', BigInt64Array.from(values, BigInt), shape);
}

/** The outputs as plain arrays. Throws `model-corrupt` for a graph of an earlier version. They stay valid when the tensors are disposed of: those only drop their reference. */
export function toResult(outputs: Readonly<Record<string, OnnxValue>>): RunResult {
  const read = (name: string): Tensor => {
    const value = outputs[name];
    if (!(value instanceof Tensor)) throw new Error(`the graph has no output "${name}"`);
    return value;
  };
  const tokens = read('tokens');
  return {
    steps: tokens.dims[1]!,
    tokens: tokens.data as BigInt64Array,
    logprobs: read('token_logprob').data as Float32Array,
    probes: read('probe_prob').data as Float32Array,
    alignment: readAlignment(),
  };

  function readAlignment(): Alignment {
    if ('alignment_scores' in outputs) {
      const { data, dims } = read('alignment_scores');
      return { kind: 'scores', data: data as Int16Array, positions: dims[2]! };
    }
    if ('alignment' in outputs) return toWeights(read('alignment'));
    // A model without alignment heads has neither
    return { kind: 'weights', data: [], heads: 0, positions: 0 };
  }
}

function toWeights({ data, dims, type }: Tensor): Alignment {
  if (type !== 'float32') {
    throw new MurmurationError(
      'model-corrupt',
      `the graph gives its alignment as ${type}, as those built before word times were made on the GPU did: build the model again`,
    );
  }
  const [, , heads, positions] = dims as readonly [number, number, number, number];
  return { kind: 'weights', data: data as Float32Array, heads, positions };
}
