import { keys } from '@murmuration/pipeline/keys';
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
  /** Endings of media files; both cases of each match. So the options beside a recording start nothing. */
  readonly suffixes: readonly string[];
  readonly deadLetters: Queue;
}

/** Starts an execution for every recording that comes in. */
export function uploadRule(scope: Construct, id: string, props: UploadRuleProps): Rule {
  const endings = new Set(props.suffixes.flatMap((suffix) => [suffix.toLowerCase(), suffix.toUpperCase()]));
  return new Rule(scope, id, {
    description: 'recordings that come into the bucket',
    eventPattern: {
      source: ['aws.s3'],
      detailType: ['Object Created'],
      detail: {
        bucket: { name: [props.bucket.bucketName] },
        object: { key: [...endings].map((ending) => ({ wildcard: `${keys.uploadsPrefix}*${ending}` })) },
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
