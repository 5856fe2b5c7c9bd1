import { keys } from '@murmuration/pipeline/keys';
import { metrics } from '@murmuration/pipeline/metrics';
import { Duration, Size } from 'aws-cdk-lib';
import {
  type Alarm,
  AlarmRule,
  AlarmState,
  type CompositeAlarm,
  type Metric,
  type MetricOptions,
} from 'aws-cdk-lib/aws-cloudwatch';
import { LambdaSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { CallbackEnv } from '../functions/callback/env.ts';
import type { DispatcherEnv } from '../functions/dispatcher/env.ts';
import type { AsyncEndpoint } from './async-endpoint.ts';
import { Door, type DoorSettings } from './door.ts';
import type { EndpointScaling } from './endpoint-scaling.ts';
import { kitMetric } from './kit-metric.ts';
import type { RecordingBucket } from './recording-bucket.ts';
import { type Signs, watch, watchTogether } from './watch.ts';

export interface GpuLaneProps extends DoorSettings {
  readonly recordings: RecordingBucket;
  readonly endpoint: AsyncEndpoint;
  readonly scaling: EndpointScaling;
  /** After so long a batch goes to the CPU lane. */
  readonly timeout: Duration;
  readonly deadLetters: Queue;
  readonly signs: Signs;
}

/** The fast lane: one door sends batches to the endpoint, the other hears how they ended and wakes the state machine. */
export class GpuLane extends Construct {
  readonly dispatcher: Door;
  /** May answer tasks of the state machine: see `TranscriptionMachine`. */
  readonly callback: Door;
  readonly timeout: Duration;
  readonly failing: Alarm;
  readonly fallingBack: Alarm;
  readonly cpuLaneCarries: CompositeAlarm;
  private readonly metricsNamespace: string;

  constructor(scope: Construct, id: string, props: GpuLaneProps) {
    super(scope, id);
    const { recordings, endpoint, scaling, signs } = props;
    this.timeout = props.timeout;
    this.metricsNamespace = props.metricsNamespace;
    const { deadLetters, ...settings } = props;
    const door = { ...settings, memory: Size.mebibytes(512), timeout: Duration.minutes(1) };
    const tokens = `${keys.jobsPrefix}*/tokens/`;
    const BUCKET = recordings.bucket.bucketName;

    this.dispatcher = new Door(this, 'Dispatcher', {
      ...door,
      door: 'dispatcher',
      description: 'sends a batch to the GPU endpoint and keeps the task token that waits for it',
      environment: {
        BUCKET,
        ENDPOINT_NAME: endpoint.endpointName,
        INFERENCE_TIMEOUT_SECONDS: String(props.timeout.toSeconds()),
      } satisfies DispatcherEnv,
    });
    recordings.grantReadUnder(this.dispatcher, [keys.removedPrefix]);
    recordings.grantWriteUnder(this.dispatcher, [tokens]);
    endpoint.grantInvokeAsync(this.dispatcher);

    this.callback = new Door(this, 'Callback', {
      ...door,
      door: 'callback',
      description: 'hears that an inference ended and tells the state machine',
      deadLetters,
      environment: { BUCKET } satisfies CallbackEnv,
    });
    const batches = `${keys.jobsPrefix}*/batches/`;
    const answers = [keys.asyncOutputPrefix, keys.asyncFailurePrefix];
    const statuses = keys.status('*');
    recordings.grantReadUnder(this.callback, [tokens, batches, statuses, keys.removedPrefix, ...answers]);
    // Answers of confidential jobs are taken out of their objects
    recordings.grantWriteUnder(this.callback, [batches, keys.asyncOutputPrefix]);
    for (const topic of [endpoint.successTopic, endpoint.errorTopic]) {
      topic.addSubscription(new LambdaSubscription(this.callback, { deadLetterQueue: deadLetters }));
    }

    this.failing = watch(this, signs, {
      heading: 'gpu-failing',
      reason: 'The GPU endpoint answered 3 batches in 5 minutes by failures or garbage: one may be bad luck.',
      metric: this.metricErrors(),
      threshold: 3,
    });
    this.fallingBack = watch(this, signs, {
      heading: 'gpu-fallbacks',
      reason: 'The CPU lane took over 5 batches of the GPU lane in 5 minutes: a single one is a hiccup.',
      metric: this.metricFallbacks(),
      threshold: 5,
    });
    const isAlarm = (alarm: Alarm) => AlarmRule.fromAlarm(alarm, AlarmState.ALARM);
    this.cpuLaneCarries = watchTogether(this, signs, {
      heading: 'cpu-lane-carries',
      reason: 'The GPU is cold or down and the CPU lane is carrying: transcripts come, but slower.',
      all: [isAlarm(this.fallingBack), AlarmRule.anyOf(isAlarm(scaling.cold), isAlarm(this.failing))],
    });
  }

  /** Batches that the CPU lane took over. @default sum over 5 minutes */
  metricFallbacks(options?: MetricOptions): Metric {
    return kitMetric(this.metricsNamespace, metrics.gpuFallbacks, {}, options);
  }

  /** Batches that the endpoint answered by a failure or by garbage. @default sum over 5 minutes */
  metricErrors(options?: MetricOptions): Metric {
    return kitMetric(this.metricsNamespace, metrics.batchErrors, { lane: 'gpu' }, options);
  }

  /** @default sum over 5 minutes */
  metricBatches(options?: MetricOptions): Metric {
    return kitMetric(this.metricsNamespace, metrics.batches, { lane: 'gpu' }, options);
  }
}
