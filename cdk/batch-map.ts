import { keys } from '@murmuration/pipeline/keys';
import type { Duration } from 'aws-cdk-lib';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import {
  Choice,
  Condition,
  DistributedMap,
  Fail,
  IntegrationPattern,
  JsonPath,
  S3JsonItemReader,
  StateMachineType,
  Succeed,
  TaskInput,
  Timeout,
} from 'aws-cdk-lib/aws-stepfunctions';
import { LambdaInvoke } from 'aws-cdk-lib/aws-stepfunctions-tasks';
import { Construct } from 'constructs';
import type { GpuLane } from './gpu-lane.ts';
import { addRetries, waitForRoom } from './retries.ts';

/** Names the state machine of the map's executions: `<machine>/batches`. */
export const BATCH_MAP_LABEL = 'batches';

export interface BatchMapProps {
  readonly bucket: IBucket;
  readonly cpuLane: IFunction;
  /** @default the CPU lane alone */
  readonly gpuLane?: GpuLane | undefined;
  /** Batches of one job at once. */
  readonly concurrency: number;
  /** Past so many dead batches the job fails; below it they are gaps. */
  readonly toleratedFailurePercentage: number;
  /** Before the first retry. */
  readonly retryInterval: Duration;
}

/**
 * Runs every batch of plan.json through the GPU lane, and through the CPU lane if that fails. Its input has the job's
 * id as `jobId`; its output is that input, for results lie in S3.
 */
export function batchMap(scope: Construct, props: BatchMapProps): DistributedMap {
  const states = new Construct(scope, 'Batch');
  const lost = new Fail(states, 'Batch lost', {
    error: 'BatchLost',
    cause: 'no lane could transcribe this batch: its stretch of the recording becomes a gap',
  });
  const cpu = new LambdaInvoke(states, 'CPU lane', {
    lambdaFunction: props.cpuLane,
    outputPath: '$.Payload',
    retryOnServiceExceptions: false,
  });
  addRetries(cpu, props.retryInterval);
  cpu.addCatch(lost, { resultPath: JsonPath.DISCARD });
  cpu.next(
    new Choice(states, 'Batch done?')
      .when(Condition.stringEquals('$.kind', 'batch-done'), new Succeed(states, 'Batch done'))
      .otherwise(lost),
  );

  const map = new DistributedMap(scope, 'Transcribe', {
    label: BATCH_MAP_LABEL,
    mapExecutionType: StateMachineType.STANDARD,
    itemReader: new S3JsonItemReader({
      bucket: props.bucket,
      key: JsonPath.format(keys.plan('{}'), JsonPath.stringAt('$.jobId')),
    }),
    maxConcurrency: props.concurrency,
    toleratedFailurePercentage: props.toleratedFailurePercentage,
    resultPath: JsonPath.DISCARD,
  });
  map.itemProcessor(
    props.gpuLane === undefined ? cpu : gpuState(states, props.gpuLane, cpu, props.retryInterval),
  );
  return map;
}

/** Waits until the callback door says how the inference ended. Whatever goes wrong, the CPU lane is next. */
function gpuState(
  scope: Construct,
  gpuLane: GpuLane,
  cpu: LambdaInvoke,
  retryInterval: Duration,
): LambdaInvoke {
  const gpu = new LambdaInvoke(scope, 'GPU lane', {
    lambdaFunction: gpuLane.dispatcher,
    integrationPattern: IntegrationPattern.WAIT_FOR_TASK_TOKEN,
    payload: TaskInput.fromObject({
      kind: 'batch-offered',
      taskToken: JsonPath.taskToken,
      batch: JsonPath.objectAt('$'),
    }),
    taskTimeout: Timeout.duration(gpuLane.timeout),
    retryOnServiceExceptions: false,
  });
  waitForRoom(gpu, retryInterval);
  gpu.addCatch(cpu, { resultPath: '$.gpuFailure' });
  return gpu;
}
