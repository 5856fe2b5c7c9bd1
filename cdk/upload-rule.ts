import { Duration } from 'aws-cdk-lib';
import { EventField, Rule, RuleTargetInput } from 'aws-cdk-lib/aws-events';
import { SfnStateMachine } from 'aws-cdk-lib/aws-events-targets';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';

export interface UploadRuleProps {
  readonly bucket: IBucket;
  readonly machine: StateMachine;
  /** Endings of media files, in either case. So the options beside a recording start nothing. */
  readonly suffixes: readonly string[];
  readonly deadLetters: Queue;
}

/** Starts an execution for every recording that comes in. */
export function uploadRule(scope: Construct, id: string, props: UploadRuleProps): Rule {
  return new Rule(scope, id, {
    description: 'recordings that come into the bucket',
    eventPattern: {
      source: ['aws.s3'],
      detailType: ['Object Created'],
      detail: {
        bucket: { name: [props.bucket.bucketName] },
        // The prefix is for the state machine: EventBridge joins no two filters of one field but by a wildcard, and
        // refuses more than 5 of these in a rule (complexity 10; each ending has 2)
        object: { key: props.suffixes.map((suffix) => ({ suffix: { 'equals-ignore-case': suffix } })) },
      },
    },
    targets: [
      new SfnStateMachine(props.machine, {
        input: RuleTargetInput.fromObject({
          kind: 'media-uploaded',
          key: EventField.fromPath('$.detail.object.key'),
          etag: EventField.fromPath('$.detail.object.etag'),
          sizeBytes: EventField.fromPath('$.detail.object.size'),
          uploadedAt: EventField.time,
        }),
        deadLetterQueue: props.deadLetters,
        maxEventAge: Duration.hours(2),
        retryAttempts: 20,
      }),
    ],
  });
}
