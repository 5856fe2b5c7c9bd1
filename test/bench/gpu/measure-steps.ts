import { existsSync } from 'node:fs';
import { openEnvironment } from '@murmuration/cuda/environment';
import { cudaMemory, hostMemory } from '@murmuration/cuda/memory';
import { loadOnnxRuntime } from '@murmuration/cuda/onnxruntime';
import { shareWeights } from '../../../functions/transcribe-gpu/devices/captured/shared-weights.ts';
import { createStepGraphs } from '../../../functions/transcribe-gpu/devices/captured/step-graphs.ts';
import { createStepMemory } from '../../../functions/transcribe-gpu/devices/captured/step-memory.ts';
import type { StepKind } from '../../../functions/transcribe-gpu/devices/captured/step-sizes.ts';
import { writeState } from '../../../functions/transcribe-gpu/devices/captured/write-state.ts';
import { describe } from './describe-error.ts';
import { workload } from './workload.ts';

const POSITIONS = 1500;
/** Of four tokens each: the room of one transcript. */
const RUNS = workload.provider === 'cpu' ? 2 : 50;
const ROOM = 256;

/**
 * Microseconds of one token in a captured step, and in steps that lack a part (leave_out.py); then of a model whose steps read the
 * audio in int8: what attention to it takes there.
 */
export function measureSteps(folder: string, int8Folder: string): Record<string, unknown>[] {
  const results: Record<string, unknown>[] = [];
  const measure = (own: string, part: string, labels: Readonly<Record<string, string>>) => {
    const name = `step${part}`;
    if (!existsSync(`${own}/${name}.onnx`)) return;
    try {
      for (const rows of workload.stepRows)
        results.push({ name, ...labels, rows, ...measureStep(own, name, rows) });
    } catch (error) {
      results.push({ name, ...labels, failed: describe(error) });
    }
    for (const result of results.slice(-workload.stepRows.length)) console.log(JSON.stringify(result));
  };
  for (const xqa of ['1', '0']) {
    process.env['ORT_ENABLE_XQA'] = xqa;
    for (const part of ['', '-without-audio', '-without-self', '-without-choice', '-without-logits']) {
      measure(folder, part, { xqa });
    }
  }
  delete process.env['ORT_ENABLE_XQA'];
  for (const part of ['', '-without-audio']) measure(int8Folder, part, { audio: 'int8' });
  return results;
}

function measureStep(folder: string, name: string, rows: number) {
  const onCuda = workload.provider !== 'cpu';
  const environment = openEnvironment(loadOnnxRuntime());
  const memory = onCuda ? cudaMemory(0) : hostMemory();
  const [device, host] = [environment.place(memory), environment.place({ name: 'Cpu', deviceId: 0 })];
  const weights = shareWeights(folder, memory, environment, device);
  const blocks = createStepMemory(memory);
  const lengths = { B: rows, L: POSITIONS, R: ROOM };
  const write = (name: string, data: Uint8Array) => memory.write(blocks.address(name), data);
  const rest = (inputs: Iterable<string>) => writeState(write, inputs, lengths, undefined);
  const steps = createStepGraphs({
    ...{
      environment,
      device,
      host,
      memory: blocks,
      capture: onCuda,
      captureLock: undefined,
      rest,
      forgetError: memory.forgetError,
    },
    open: (kind, { capture }) =>
      environment.openGraph(`${folder}/${kind}.onnx`, {
        ...{ threads: 1, weights: weights.tensors },
        cuda: onCuda ? { device_id: '0', enable_cuda_graph: capture ? '1' : '0' } : undefined,
      }),
    warn: (message) => console.log(message),
  });
  try {
    const kind = name as StepKind;
    steps.fit(kind, lengths);
    const step = steps.ready(kind, lengths);
    const per = steps.stepsPerRun(kind);
    const timed = (work: () => void) => {
      rest(steps.inputs(kind).map((input) => input.name));
      const startedAt = performance.now();
      work();
      return Math.round(((performance.now() - startedAt) * 10_000) / (RUNS * per)) / 10;
    };
    const waiting = () => {
      for (let run = 0; run < RUNS; run++) step.finish();
    };
    timed(waiting);
    const each = timed(waiting);
    let hostMicroseconds = 0;
    const together = timed(() => {
      const startedAt = performance.now();
      for (let run = 1; run < RUNS; run++) step.start();
      hostMicroseconds = Math.round(((performance.now() - startedAt) * 1000) / (RUNS - 1));
      step.finish();
    });
    return { captured: steps.captures, tokenWaiting: each, token: together, hostMicroseconds };
  } finally {
    for (const part of [steps, weights, blocks, device, host, environment]) part.close();
  }
}
