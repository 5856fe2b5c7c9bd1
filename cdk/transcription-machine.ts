import { keys } from '@murmuration/pipeline/keys';
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { Alarm, Metric, MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import { MathExpression } from 'aws-cdk-lib/aws-cloudwatch';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import {
  Choice,
  Condition,
  DefinitionBody,
  Map as EachOf,
  Fail,
  JsonPath,
  LogLevel,
  Pass,
  StateMachine,
  Succeed,
  TaskInput,
} from 'aws-cdk-lib/aws-stepfunctions';
import { LambdaInvoke } from 'aws-cdk-lib/aws-stepfunctions-tasks';
import { Construct } from 'constructs';
import { BATCH_MAP_LABEL, type BatchMapProps, batchMap } from './batch-map.ts';
import { addRetries } from './retries.ts';
import { type Signs, watch } from './watch.ts';

export interface TranscriptionMachineProps extends BatchMapProps {
  readonly splitter: IFunction;
  readonly aggregator: IFunction;
  readonly logRetention: RetentionDays;
  readonly signs: Signs;
}

/** Windows of a long recording that are cut at once. */
const WINDOWS_AT_ONCE = 10;

/** One execution per upload: split, transcribe batch by batch, merge; and say so where it fails. */
export class TranscriptionMachine extends Construct {
  readonly machine: StateMachine;
  readonly failing: Alarm;
  private readonly props: TranscriptionMachineProps;

  constructor(scope: Construct, id: string, props: TranscriptionMachineProps) {
    super(scope, id);
    this.props = props;
    this.machine = new StateMachine(this, 'Machine', {
      definitionBody: DefinitionBody.fromChainable(this.define()),
      tracingEnabled: true,
      // Every state has its own, shorter limit; this one ends what none of them foresaw
      timeout: Duration.days(1),
      logs: {
        destination: new LogGroup(this, 'Logs', {
          retention: props.logRetention,
          removalPolicy: RemovalPolicy.DESTROY,
        }),
        level: LogLevel.ALL,
        // Names of recordings and words of prompts are nobody's business
        includeExecutionData: false,
      },
    });
    if (props.gpuLane !== undefined) this.grantTaskResponse(props.gpuLane.callback);
    this.failing = watch(this, props.signs, {
      heading: 'jobs-failing',
      reason: '1 of 20 jobs failed within 15 minutes, of at least 5: single broken uploads are no alarm.',
      metric: this.metricFailureRate(),
      threshold: 5,
    });
  }

  /** Lets a door answer the tasks that wait. */
  private grantTaskResponse(grantee: IGrantable): void {
    this.machine.grantTaskResponse(grantee);
    // They are tasks of the map's executions, whose state machine bears the map's label; AWS says nowhere which it asks for
    Grant.addToPrincipal({
      grantee,
      actions: ['states:SendTaskSuccess', 'states:SendTaskFailure'],
      resourceArns: [`${this.machine.stateMachineArn}/${BATCH_MAP_LABEL}`],
    });
  }

  /** Percent of the jobs that ended; 0 for fewer than 5. @default over 15 minutes */
  metricFailureRate(options: MetricOptions = {}): MathExpression {
    const period = options.period ?? Duration.minutes(15);
    const metric = (one: Metric) => one.with({ period, statistic: 'Sum' });
    return new MathExpression({
      label: 'failed jobs, %',
      expression:
        'IF(FILL(failed, 0) + FILL(late, 0) + FILL(done, 0) >= 5, 100 * (FILL(failed, 0) + FILL(late, 0)) / (FILL(failed, 0) + FILL(late, 0) + FILL(done, 0)), 0)',
      usingMetrics: {
        failed: metric(this.machine.metricFailed()),
        late: metric(this.machine.metricTimedOut()),
        done: metric(this.machine.metricSucceeded()),
      },
      period,
    });
  }

  private define(): Choice {
    const { splitter, aggregator } = this.props;
    const tell = this.invoke('Fail job', aggregator).next(
      new Fail(this, 'Failed', { errorPath: '$.code', causePath: '$.reason' }),
    );
    const broken = this.describeBreak('Job broke', { jobId: JsonPath.stringAt('$.jobId') }).next(tell);
    const catching = { resultPath: '$.failure' };

    const done = new Succeed(this, 'Done');
    const merge = this.invoke('Merge', aggregator, {
      kind: 'plan-transcribed',
      jobId: JsonPath.stringAt('$.jobId'),
    });
    merge.addCatch(broken, catching);
    merge.next(
      new Choice(this, 'Delivered?')
        .when(Condition.stringEquals('$.kind', 'transcript-ready'), done)
        .otherwise(tell),
    );

    const transcribe = batchMap(this, this.props).addCatch(broken, catching);
    transcribe.next(merge);

    const windows = new EachOf(this, 'Cut windows', {
      itemsPath: '$.windows',
      maxConcurrency: WINDOWS_AT_ONCE,
      resultPath: JsonPath.DISCARD,
    });
    windows.itemProcessor(this.invoke('Cut window', splitter));
    windows.addCatch(broken, catching);
    const join = this.invoke('Join windows', splitter, {
      kind: 'windows-cut',
      jobId: JsonPath.stringAt('$.jobId'),
    });
    join.addCatch(broken, catching);

    const split = this.invoke('Split', splitter);
    split.addCatch(this.describeBreak('Split broke').next(tell), catching);
    const planned = new Choice(this, 'Planned?')
      .when(Condition.stringEquals('$.kind', 'plan-ready'), transcribe)
      .when(Condition.stringEquals('$.kind', 'windows-ready'), windows.next(join))
      .when(Condition.stringEquals('$.kind', 'already-delivered'), done)
      .otherwise(tell);
    split.next(planned);
    join.next(planned);
    return new Choice(this, 'Uploaded?')
      .when(Condition.stringMatches('$.key', `${keys.uploadsPrefix}*`), split)
      .otherwise(new Succeed(this, 'Not an upload'));
  }

  /** Sends the state's input, or `message`, to a door, and goes on with the message that it returns. */
  private invoke(id: string, lambdaFunction: IFunction, message?: Record<string, string>): LambdaInvoke {
    const task = new LambdaInvoke(this, id, {
      lambdaFunction,
      outputPath: '$.Payload',
      retryOnServiceExceptions: false,
      ...(message === undefined ? {} : { payload: TaskInput.fromObject(message) }),
    });
    addRetries(task, this.props.retryInterval);
    return task;
  }

  /** Makes a message of what Step Functions caught. */
  private describeBreak(id: string, known: Record<string, string> = {}): Pass {
    return new Pass(this, id, {
      parameters: {
        kind: 'job-failed',
        ...known,
        sourceKey: JsonPath.stringAt('$$.Execution.Input.key'),
        failure: JsonPath.objectAt('$.failure'),
      },
    });
  }
}
