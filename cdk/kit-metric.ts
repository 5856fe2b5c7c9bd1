import type { MetricName } from '@murmuration/pipeline/metrics';
import { Duration } from 'aws-cdk-lib';
import { Metric, type MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';

/** A metric that the doors write. */
export function kitMetric(
  namespace: string,
  metricName: MetricName,
  dimensionsMap: Record<string, string> = {},
  options: MetricOptions = {},
): Metric {
  return new Metric({
    namespace,
    metricName,
    dimensionsMap,
    period: Duration.minutes(5),
    statistic: 'Sum',
    ...options,
  });
}
