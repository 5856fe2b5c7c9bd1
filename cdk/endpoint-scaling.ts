import { metrics } from '@murmuration/pipeline/metrics';
import { Duration } from 'aws-cdk-lib';
import {
  AdjustmentType,
  MetricAggregationType,
  ScalableTarget,
  ServiceNamespace,
  StepScalingAction,
} from 'aws-cdk-lib/aws-applicationautoscaling';
import type { Alarm, Metric, MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import { ApplicationScalingAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Construct } from 'constructs';
import type { AsyncEndpoint } from './async-endpoint.ts';
import { kitMetric } from './kit-metric.ts';
import { type Signs, watch } from './watch.ts';

export interface EndpointScalingProps {
  readonly endpoint: AsyncEndpoint;
  readonly minInstances: number;
  readonly maxInstances: number;
  /** Requests that one instance works on at once: so many are no backlog. */
  readonly concurrency: number;
  readonly metricsNamespace: string;
  readonly signs: Signs;
}

/** An instance takes minutes to come: another one is asked for only after it could have helped. */
const COOLDOWN = Duration.minutes(5);
const LATENCY_MILLISECONDS = 200;

/** As many instances as the work needs, none for none. */
export class EndpointScaling extends Construct {
  /** Work waits and there is no instance: it wakes the endpoint. Normal for some minutes after a pause. */
  readonly cold: Alarm;
  /** p99 of a segment on the GPU is past 200 ms: it adds an instance. */
  readonly slow: Alarm;
  private readonly metricsNamespace: string;
  private readonly target: ScalableTarget;

  constructor(scope: Construct, id: string, props: EndpointScalingProps) {
    super(scope, id);
    const { endpoint, signs } = props;
    this.metricsNamespace = props.metricsNamespace;
    this.target = new ScalableTarget(this, 'Instances', {
      serviceNamespace: ServiceNamespace.SAGEMAKER,
      resourceId: endpoint.scalableResource,
      scalableDimension: 'sagemaker:variant:DesiredInstanceCount',
      minCapacity: props.minInstances,
      maxCapacity: props.maxInstances,
    });
    this.target.scaleToTrackMetric('Backlog', {
      customMetric: endpoint.metricBacklogPerInstance(),
      // Below it an instance has room for more; the metric counts what is being worked on, too
      targetValue: props.concurrency,
      scaleInCooldown: COOLDOWN,
      scaleOutCooldown: COOLDOWN,
    });

    // The backlog per instance is no number while there is no instance: without this alarm none would ever come
    this.cold = watch(this, signs, {
      heading: 'gpu-cold',
      reason: 'Batches wait and no GPU instance is there: one is being started, which takes 2 to 6 minutes.',
      metric: endpoint.metricHasBacklogWithoutCapacity(),
      threshold: 1,
    });
    this.addInstanceOn(this.cold, 'FromZero');

    this.slow = watch(this, signs, {
      heading: 'segment-latency',
      reason: `1 of 100 segments took over ${LATENCY_MILLISECONDS} ms on the GPU for 3 minutes: the kit's promise. An instance is being added.`,
      metric: this.metricSegmentLatency({ period: Duration.minutes(1) }),
      threshold: LATENCY_MILLISECONDS,
      periods: 3,
    });
    this.addInstanceOn(this.slow, 'OnLatency');
  }

  /** Milliseconds on the GPU. @default p99 over 5 minutes */
  metricSegmentLatency(options?: MetricOptions): Metric {
    return kitMetric(
      this.metricsNamespace,
      metrics.segmentLatency,
      { lane: 'gpu' },
      { statistic: 'p99', ...options },
    );
  }

  private addInstanceOn(alarm: Alarm, id: string): void {
    const action = new StepScalingAction(this, id, {
      scalingTarget: this.target,
      adjustmentType: AdjustmentType.CHANGE_IN_CAPACITY,
      cooldown: COOLDOWN,
      metricAggregationType: MetricAggregationType.MAXIMUM,
    });
    action.addAdjustment({ adjustment: 1, lowerBound: 0 });
    alarm.addAlarmAction(new ApplicationScalingAction(action));
  }
}
