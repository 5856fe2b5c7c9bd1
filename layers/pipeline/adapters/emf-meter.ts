import { metricsNamespace } from '../metrics.ts';
import type { Clock, Meter } from '../ports.ts';

export interface EmfMeterOptions {
  /** @default metricsNamespace */
  readonly namespace?: string | undefined;
  /** Takes one line. @default to stdout, untouched: console.log would put a time in front of it on Lambda */
  readonly write?: ((line: string) => void) | undefined;
  readonly clock?: Clock | undefined;
}

/** CloudWatch takes no more of one metric in one line. */
const MOST_VALUES = 100;

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
      const _aws = { Timestamp: clock(), CloudWatchMetrics: [metric] };
      const line = (values: unknown) => write(JSON.stringify({ _aws, ...dimensions, [name]: values }));
      if (typeof value === 'number') return line(value);
      for (let start = 0; start < value.length; start += MOST_VALUES) {
        line(value.slice(start, start + MOST_VALUES));
      }
    },
  };
}
