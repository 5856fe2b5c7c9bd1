import { metricsNamespace } from '../metrics.ts';
import type { Clock, Meter } from '../ports.ts';

export interface EmfMeterOptions {
  /** @default metricsNamespace */
  readonly namespace?: string | undefined;
  /** Takes one line. @default to stdout, untouched: console.log would put a time in front of it on Lambda */
  readonly write?: ((line: string) => void) | undefined;
  readonly clock?: Clock | undefined;
}

/**
 * Metrics as lines of CloudWatch's embedded metric format: Lambda's log becomes metrics at no call's cost. Written by hand
 * because Powertools adds a dimension `service` to each, by which no alarm here is drawn.
 */
export function emfMeter({
  namespace = metricsNamespace,
  write = (line) => void process.stdout.write(`${line}\n`),
  clock = Date.now,
}: EmfMeterOptions = {}): Meter {
  return {
    add(name, value, unit, dimensions = {}) {
      const metric = {
        Namespace: namespace,
        Dimensions: [Object.keys(dimensions)],
        Metrics: [{ Name: name, Unit: unit }],
      };
      write(
        JSON.stringify({
          _aws: { Timestamp: clock(), CloudWatchMetrics: [metric] },
          ...dimensions,
          [name]: value,
        }),
      );
    },
  };
}
