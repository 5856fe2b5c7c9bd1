import { type MetricName, metrics } from '@murmuration/pipeline/metrics';
import { Duration } from 'aws-cdk-lib';
import type { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import { kitMetric } from './kit-metric.ts';
import { type Signs, watch } from './watch.ts';

export interface WatchPipelineProps {
  readonly signs: Signs;
  readonly metricsNamespace: string;
  readonly hasCache: boolean;
}

/** The alarms on what the doors measure of a job as a whole, which no single construct owns. */
export function watchPipeline(
  scope: Construct,
  { signs, metricsNamespace, hasCache }: WatchPipelineProps,
): Alarm[] {
  const metric = (name: MetricName, statistic = 'Sum') =>
    kitMetric(metricsNamespace, name, {}, { statistic, period: Duration.minutes(5) });
  return [
    watch(scope, signs, {
      heading: 'queue-wait',
      reason: '1 of 20 uploads waited 2 minutes for the first work on it: a healthy start takes seconds.',
      metric: metric(metrics.queueWait, 'p95'),
      threshold: 120_000,
      periods: 2,
    }),
    watch(scope, signs, {
      heading: 'transcripts-with-gaps',
      reason:
        'A transcript was delivered with gaps: a batch failed on every lane, which should never happen.',
      metric: metric(metrics.jobsPartial),
      threshold: 1,
    }),
    ...(hasCache
      ? [
          watch(scope, signs, {
            heading: 'cache-errors',
            reason: 'The cache failed 10 times within 5 minutes: jobs go on without it, slower and dearer.',
            metric: metric(metrics.cacheErrors),
            threshold: 10,
          }),
        ]
      : []),
  ];
}
