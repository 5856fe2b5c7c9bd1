import { type OnnxValue, Tensor } from 'onnxruntime-node';
import type { RunRequest, RunResult } from './session.ts';

/** The inputs of models/GRAPH.md by name. */
export function toTensors(request: RunRequest): Record<string, Tensor> {
  const { rows } = request;
  const promptLength = request.prompts[0]!.length;
  const vocabulary = request.masks.data.length / request.masks.steps;
  return {
    pcm: new Tensor('float32', request.pcm, [rows, request.pcm.length / rows]),
    lengths: integers(request.lengths, [rows]),
    silence_stride: integers([request.silenceStride], []),
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

/** The outputs as plain arrays. They stay valid when the tensors are disposed of: those only drop their reference. */
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
    // A model without alignment heads has no such output
    alignment: 'alignment' in outputs ? toAlignment(read('alignment')) : { data: [], heads: 0, positions: 0 },
  };
}

function toAlignment(tensor: Tensor): RunResult['alignment'] {
  const [, , heads, positions] = tensor.dims as readonly [number, number, number, number];
  const data = tensor.data;
  // Node before 24 has no Float16Array: there onnxruntime hands out the bits
  return { data: data instanceof Uint16Array ? fromHalves(data) : (data as Float32Array), heads, positions };
}

/** All halves by their bits: a batch on a GPU brings 60 million of them, for which arithmetic would take longer than the GPU. */
let numbers: Float32Array | undefined;

function fromHalves(halves: Uint16Array): Float32Array {
  numbers ??= Float32Array.from({ length: 1 << 16 }, (_, bits) => halfToNumber(bits));
  const out = new Float32Array(halves.length);
  for (let i = 0; i < out.length; i++) out[i] = numbers[halves[i]!]!;
  return out;
}

/** IEEE 754 half precision. */
function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
