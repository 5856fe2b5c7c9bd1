import { Duration } from 'aws-cdk-lib';
import { Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';

export interface StopRuleProps {
  readonly machine: StateMachine;
  /** Fails the jobs. */
  readonly aggregator: IFunction;
  readonly deadLetters: Queue;
}

/** Has jobs failed whose execution was stopped by hand or by its time limit, or broke off without a word. */
export function stopRule(scope: Construct, id: string, props: StopRuleProps): Rule {
  return new Rule(scope, id, {
    description: 'executions that came to no good end',
    eventPattern: {
      source: ['aws.states'],
      detailType: ['Step Functions Execution Status Change'],
      detail: {
        stateMachineArn: [props.machine.stateMachineArn],
        status: ['ABORTED', 'TIMED_OUT', 'FAILED'],
      },
    },
    targets: [
      new LambdaFunction(props.aggregator, {
        deadLetterQueue: props.deadLetters,
        maxEventAge: Duration.hours(2),
        retryAttempts: 20,
      }),
    ],
  });
}
