import type { Environment } from '@murmuration/cuda/environment';
import type { Graph } from '@murmuration/cuda/graph';
import type { Memory } from '@murmuration/cuda/memory';
import type { Place } from '@murmuration/cuda/tensor';
import type { CapturedOptions } from './captured-options.ts';
import type { StepGraphs } from './step-graphs.ts';
import type { StepMemory } from './step-memory.ts';
import type { createStepSizes } from './step-sizes.ts';

/** What a run works with. */
export interface GraphParts {
  readonly environment: Environment;
  readonly memory: Memory;
  /** Where `memory` lies. */
  readonly device: Place;
  readonly host: Place;
  readonly blocks: StepMemory;
  readonly sizes: ReturnType<typeof createStepSizes>;
  readonly begin: Graph;
  readonly steps: StepGraphs;
  readonly finish: Graph;
  readonly observe: CapturedOptions['observe'];
}
