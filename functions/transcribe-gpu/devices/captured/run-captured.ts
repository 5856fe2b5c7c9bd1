import type { Binding } from '@murmuration/cuda/binding';
import type { Graph, Input } from '@murmuration/cuda/graph';
import { readTensor, type Tensor } from '@murmuration/cuda/tensor';
import type { GraphParts } from './graph-parts.ts';
import { createOpened } from './opened.ts';
import { type Feeds, type PlainTensor, planRun, type RunPlan, toPlain } from './run-request.ts';
import type { ReadyStep } from './step-graphs.ts';
import { type Lengths, shapeOf } from './step-memory.ts';
import type { StepKind } from './step-sizes.ts';
import { writeState } from './write-state.ts';

/** Tokens between two looks at whether any row is still going: a look waits for the GPU. */
const STEPS_PER_LOOK = 8;

/** One run, as it goes from graph to graph. */
interface Run {
  readonly plan: RunPlan;
  readonly kind: StepKind;
  readonly lengths: Lengths;
  /** Of the step's graph, by name. */
  readonly inputs: ReadonlyMap<string, Input>;
  /** Undefined where no step will be ordinary. */
  readonly step: ReadyStep | undefined;
  readonly feeds: Feeds;
  keep<T extends { close(): void }>(part: T): T;
}

interface Begun {
  /** Chosen so far. */
  readonly tokens: number;
  readonly ids: BigInt64Array;
  readonly done: Uint8Array;
  /** Outputs for which the host has no place. */
  readonly made: ReadonlyMap<string, Tensor>;
}

/** From audio to tokens. Throws Errors in onnxruntime's and CUDA's own words. */
export function runCaptured(parts: GraphParts, feeds: Feeds): Record<string, PlainTensor> {
  const held = createOpened();
  try {
    const times = [performance.now()];
    const run = prepare(parts, feeds, held.keep);
    times.push(performance.now());
    const begun = begin(parts, run);
    times.push(performance.now());
    const tokens = takeSteps(parts, run, begun);
    times.push(performance.now());
    const outputs = finish(parts, run, begun, tokens);
    times.push(performance.now());
    const [prepareTime, beginTime, loopTime, finishTime] = times
      .slice(1)
      .map((time, place) => time - times[place]!);
    parts.observe?.({
      ...{ rows: run.plan.rows, paddedRows: run.lengths['B']!, positions: run.plan.positions },
      ...{ captured: parts.steps.captures, steps: tokens - begun.tokens },
      ...{ prepare: prepareTime!, begin: beginTime!, loop: loopTime!, finish: finishTime! },
    });
    return outputs;
  } finally {
    held.close();
  }
}

function prepare({ sizes, steps }: GraphParts, feeds: Feeds, keep: Run['keep']): Run {
  const plan = planRun(feeds);
  const kind = sizes.kind(plan);
  const lengths = sizes.lengths(plan, kind, steps.stepsPerRun(kind));
  sizes.remember(lengths, (widest) => steps.fit(kind, widest));
  // Before what a capture would overwrite is there
  const step = plan.plain && plan.mostTokens > 1 ? steps.ready(kind, lengths) : undefined;
  const inputs = new Map(steps.inputs(kind).map((input) => [input.name, input]));
  return { plan, kind, lengths, inputs, step, feeds, keep };
}

function begin(parts: GraphParts, run: Run): Begun {
  const { begin, device, host, sizes } = parts;
  const { rows } = run.plan;
  const binding = run.keep(begin.bind());
  const own = {
    room: integers(run.lengths['R']!),
    'key shape': integers(...sizes.keyShape(audioKey(run), run.kind)),
  };
  for (const input of begin.inputs) feed(parts, run, binding, input, own);
  const [ids, done, count] = [new BigInt64Array(rows), new Uint8Array(rows), new BigInt64Array(1)];
  binding.output('ids', onHost(parts, run, ids, 'int64', [rows, 1]));
  binding.output('done', onHost(parts, run, done, 'bool', [rows, 1]));
  binding.output('count', onHost(parts, run, count, 'int64', [1]));
  const named = begin.outputNames.filter((name) => !['ids', 'done', 'count'].includes(name));
  const free = named.filter((name) => !run.inputs.has(name));
  for (const name of named) {
    if (run.inputs.has(name)) binding.output(name, ownRows(parts, run, name));
  }
  for (const name of free) binding.outputTo(name, name === 'probe_prob' ? host : device);
  binding.run();
  const last = binding.outputs().map(run.keep).slice(-free.length);
  const made = new Map(free.map((name, place) => [name, last[place]!]));
  return { tokens: Number(count[0]), ids, done, made };
}

/** Until every row has met its end or the longest its limit; returns how many tokens each row has now. */
function takeSteps({ memory, blocks, steps }: GraphParts, run: Run, begun: Begun): number {
  const { plan, step, lengths } = run;
  let { tokens } = begun;
  if (step === undefined || tokens >= plan.mostTokens || !begun.done.includes(0)) return tokens;
  const stepsPerRun = steps.stepsPerRun(run.kind);
  const { ids, done } = begun;
  const write = (name: string, data: Uint8Array) => memory.write(blocks.address(name), data);
  writeState(write, run.inputs.keys(), lengths, { ids, done, length: plan.promptLength + tokens });
  do {
    const runs = Math.ceil(Math.min(STEPS_PER_LOOK, plan.mostTokens - tokens) / stepsPerRun);
    for (let place = 1; place < runs; place++) step.start();
    step.finish();
    tokens += runs * stepsPerRun;
  } while (tokens < plan.mostTokens && memory.read(blocks.address('done'), plan.rows).includes(0));
  return tokens;
}

function finish(parts: GraphParts, run: Run, begun: Begun, tokens: number): Record<string, PlainTensor> {
  const { environment, finish, host, device, blocks, sizes } = parts;
  const binding = run.keep(finish.bind());
  for (const input of finish.inputs) {
    const { name, type } = input;
    const made = begun.made.get(name);
    if (made !== undefined) binding.input(name, made);
    else if (name === 'history' || name === 'logprobs') binding.input(name, ownRows(parts, run, name));
    else if (name.startsWith('scores ')) {
      const shape = shapeOf(input, sizes.scores(run.lengths, run.kind));
      const address = blocks.address(run.inputs.has(name) ? name : 'ids');
      binding.input(name, run.keep(environment.tensor(device, address, type, shape)));
    } else feed(parts, run, binding, input, { count: integers(tokens) });
  }
  for (const name of finish.outputNames) binding.outputTo(name, host);
  binding.run();
  const results = binding
    .outputs()
    .map((tensor, place) => [finish.outputNames[place]!, run.keep(tensor)] as const);
  results.push(['probe_prob', begun.made.get('probe_prob')!]);
  return Object.fromEntries(
    results.map(([name, tensor]) => [name, toPlain(tensor.type, tensor.shape, readTensor(tensor))]),
  );
}

/** Any keys of the audio. Only those that a kernel wants in pieces lie in the order that is asked for. */
function audioKey({ inputs }: Run): Input {
  const found = [...inputs.values()].filter(({ name }) => name.includes('audio key '));
  return found.find(({ type }) => type !== 'int8') ?? found[0]!;
}

/** Of a block that steps read and write, the rows that are not there only to fill up. */
function ownRows({ environment, device, blocks, sizes }: GraphParts, run: Run, name: string): Tensor {
  const input = run.inputs.get(name)!;
  const shape = shapeOf(input, { ...run.lengths, B: run.plan.rows });
  const made = sizes.asMade(name, input.type, shape, run.kind);
  return run.keep(environment.tensor(device, blocks.address(name), input.type, made));
}

/** An input from the request, or of the host's own. */
function feed(
  parts: GraphParts,
  run: Run,
  binding: Binding,
  { name, type }: Graph['inputs'][number],
  own: Readonly<Record<string, BigInt64Array>>,
): void {
  const data = own[name];
  const given = data === undefined ? run.feeds[name]! : { data, dims: [data.length] };
  binding.input(name, onHost(parts, run, given.data, type, given.dims));
}

function onHost(
  { environment, host }: GraphParts,
  run: Run,
  data: ArrayBufferView,
  type: PlainTensor['type'],
  shape: readonly number[],
): Tensor {
  return run.keep(environment.tensor(host, data, type, shape));
}

const integers = (...values: readonly number[]) => BigInt64Array.from(values, BigInt);
