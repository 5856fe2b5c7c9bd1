import { type MetricName, metrics } from '@murmuration/pipeline/metrics';
import { Duration } from 'aws-cdk-lib';
import {
  Dashboard,
  GraphWidget,
  type IMetric,
  MathExpression,
  SingleValueWidget,
} from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import type { AsyncEndpoint } from './async-endpoint.ts';
import type { CpuLane } from './cpu-lane.ts';
import type { EndpointScaling } from './endpoint-scaling.ts';
import type { GpuLane } from './gpu-lane.ts';
import { kitMetric } from './kit-metric.ts';
import type { TranscriptionMachine } from './transcription-machine.ts';

export interface KitDashboardProps {
  readonly name: string;
  readonly metricsNamespace: string;
  readonly machine: TranscriptionMachine;
  readonly cpuLane: CpuLane;
  /** @default the CPU lane alone */
  readonly gpu?:
    | { readonly lane: GpuLane; readonly endpoint: AsyncEndpoint; readonly scaling: EndpointScaling }
    | undefined;
}

/** How the kit is, at one look: is work coming, is it done in time, does it fail, what does it cost? */
export class KitDashboard extends Construct {
  constructor(scope: Construct, id: string, props: KitDashboardProps) {
    super(scope, id);
    const { cpuLane, gpu, machine } = props;
    const count = (name: MetricName, options = {}) => kitMetric(props.metricsNamespace, name, {}, options);
    const percentiles = (metric: (statistic: string) => IMetric) => ['p50', 'p95', 'p99'].map(metric);
    const perSecond = (id: string, metric: IMetric) =>
      new MathExpression({ expression: `${id} / PERIOD(${id})`, usingMetrics: { [id]: metric }, label: id });
    const { machine: states } = machine;

    new Dashboard(this, 'Dashboard', {
      dashboardName: props.name,
      defaultInterval: Duration.hours(6),
      widgets: [
        [
          numbers('Today', [
            count(metrics.audioSeconds, { label: 'audio, seconds' }),
            count(metrics.jobsDone, { label: 'done' }),
            count(metrics.jobsPartial, { label: 'with gaps' }),
            count(metrics.jobsFailed, { label: 'failed' }),
            count(metrics.estimatedCost, { label: 'estimated US$' }),
          ]),
        ],
        [
          graph('Batches per second', [
            perSecond('cpu', cpuLane.metricBatches()),
            ...(gpu === undefined ? [] : [perSecond('gpu', gpu.lane.metricBatches())]),
          ]),
          graph(
            'Wait from upload to first work, ms',
            percentiles((statistic) => count(metrics.queueWait, { statistic })),
          ),
          graph('Jobs', [
            states.metricStarted(),
            states.metricSucceeded(),
            states.metricFailed(),
            states.metricTimedOut(),
          ]),
        ],
        [
          graph(
            'Segment latency on the CPU, ms',
            percentiles((statistic) => cpuLane.metricSegmentLatency({ statistic })),
          ),
          ...(gpu === undefined
            ? []
            : [
                graph(
                  'Segment latency on the GPU, ms',
                  percentiles((statistic) => gpu.scaling.metricSegmentLatency({ statistic })),
                ),
              ]),
          graph('Failed jobs, %', [machine.metricFailureRate()]),
          graph('Segments that went up the ladder of models', [cpuLane.metricSegmentsEscalated()]),
        ],
        [
          graph('Transcript cache', [
            new MathExpression({
              label: 'hits, %',
              expression: '100 * hits / (hits + misses)',
              usingMetrics: { hits: count(metrics.cacheHits), misses: count(metrics.cacheMisses) },
            }),
            count(metrics.cacheErrors, { label: 'errors' }),
          ]),
          graph('CPU lane', [
            cpuLane.function.metric('ConcurrentExecutions', { statistic: 'Maximum' }),
            cpuLane.function.metricErrors(),
            cpuLane.function.metricThrottles(),
          ]),
          ...(gpu === undefined
            ? []
            : [
                graph('GPU lane', [
                  gpu.endpoint.metricBacklogPerInstance(),
                  gpu.endpoint.metricHasBacklogWithoutCapacity(),
                  gpu.lane.metricFallbacks({ label: 'taken over by the CPU lane' }),
                  gpu.lane.metricErrors({ label: 'failed' }),
                ]),
                graph('GPU: age of the oldest batch, s', [gpu.endpoint.metricBacklogAge()]),
              ]),
        ],
      ],
    });
  }
}

function graph(title: string, left: readonly IMetric[]): GraphWidget {
  return new GraphWidget({ title, left: [...left], width: 8 });
}

function numbers(title: string, all: readonly IMetric[]): SingleValueWidget {
  return new SingleValueWidget({
    title,
    metrics: [...all],
    width: 24,
    height: 4,
    setPeriodToTimeRange: true,
  });
}
