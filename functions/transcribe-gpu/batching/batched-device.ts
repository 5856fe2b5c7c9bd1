import type { Engine } from '@murmuration/pipeline/ports';
import type { BatchLimit } from './batch-limit.ts';
import type { DeviceWatch } from './device-watch.ts';

/** One GPU, or the processor: an engine and how much it can take at once. */
export interface BatchedDevice {
  /** For logs and metrics. */
  readonly name: string;
  readonly engine: Engine;
  readonly limit: BatchLimit;
  readonly watch: DeviceWatch;
}
