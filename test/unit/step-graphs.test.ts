import type { Binding, RunOptions } from '@murmuration/cuda/binding';
import type { Environment } from '@murmuration/cuda/environment';
import type { Graph } from '@murmuration/cuda/graph';
import { hostMemory } from '@murmuration/cuda/memory';
import type { Place, Tensor } from '@murmuration/cuda/tensor';
import { describe, expect, it } from 'vitest';
import {
  createStepGraphs,
  type StepWay,
} from '../../functions/transcribe-gpu/devices/captured/step-graphs.ts';
import { createStepMemory } from '../../functions/transcribe-gpu/devices/captured/step-memory.ts';

const LENGTHS = { B: 2, L: 50, R: 8 };
const TIGHT = { capture: true, roomy: false };
const ROOMY = { capture: true, roomy: true };
const LOOP = { capture: false, roomy: false };

/** Graphs that run unless `fails` names an error for their way. */
function stepsThat(fails: (way: StepWay) => string | undefined) {
  const [opened, warnings]: [StepWay[], string[]] = [[], []];
  let open = 0;
  const handle = { handle: 1n, close: () => undefined };
  const environment = {
    tensor: () => handle as unknown as Tensor,
    runOptions: () => handle as unknown as RunOptions,
  } as unknown as Environment;
  const steps = createStepGraphs({
    ...{ environment, device: handle as unknown as Place, host: handle as unknown as Place },
    ...{ memory: createStepMemory(hostMemory()), capture: true, captureLock: undefined },
    ...{ rest: () => undefined, forgetError: () => undefined, warn: (message) => warnings.push(message) },
    open(_kind, way) {
      opened.push(way);
      open++;
      const binding = {
        ...{ input: () => undefined, output: () => undefined, close: () => undefined },
        run() {
          const message = fails(way);
          if (message !== undefined) throw new Error(message);
        },
      } as unknown as Binding;
      return {
        inputs: [{ name: 'ids', type: 'int64', shape: ['B', 1] }],
        outputNames: ['ids out', 'history out 0'],
        bind: () => binding,
        close: () => void open--,
      } as unknown as Graph;
    },
  });
  steps.fit('step', LENGTHS);
  return { steps, opened, warnings, open: () => open };
}

const CANNOT_CAPTURE = 'CUDA failure 901: operation failed due to a previous error during capture';

describe('a step that cannot be captured', () => {
  it('is tried again in roomier memory before it is run kernel by kernel', () => {
    const { steps, opened, warnings, open } = stepsThat(({ roomy }) => (roomy ? undefined : CANNOT_CAPTURE));
    steps.ready('step', LENGTHS).finish();
    expect(opened).toEqual([TIGHT, ROOMY]);
    expect([steps.captures, warnings, open()]).toEqual([true, [], 1]);
  });

  it('runs kernel by kernel where that fails as well, and says so once', () => {
    const { steps, opened, warnings, open } = stepsThat(({ capture }) =>
      capture ? CANNOT_CAPTURE : undefined,
    );
    steps.ready('step', LENGTHS).finish();
    steps.ready('step', { ...LENGTHS, B: 4 }).finish();
    expect(opened).toEqual([TIGHT, ROOMY, LOOP]);
    expect(warnings).toEqual([expect.stringContaining('CUDA failure 901')]);
    expect([steps.captures, open()]).toEqual([false, 1]);
  });

  it.each([
    'Failed to allocate memory for requested buffer of size 49152',
    'CUDA failure 700: illegal memory access',
  ])('is not tried again after %s', (message) => {
    const { steps, opened } = stepsThat(() => message);
    expect(() => steps.ready('step', LENGTHS)).toThrow(message);
    expect(opened).toEqual([TIGHT]);
  });
});
