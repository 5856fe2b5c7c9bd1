import { Duration } from 'aws-cdk-lib';
import type { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { type Signs, watch } from './watch.ts';

/** Where events end that could not be delivered, for a person to look at and send again. Empty in a healthy kit. */
export class DeadLetters extends Construct {
  readonly queue: Queue;
  readonly filled: Alarm;

  constructor(
    scope: Construct,
    id: string,
    { signs, encryptionKey }: { signs: Signs; encryptionKey?: IKey | undefined },
  ) {
    super(scope, id);
    this.queue = new Queue(this, 'Queue', {
      enforceSSL: true,
      // SQS's longest: over a holiday nothing is lost
      retentionPeriod: Duration.days(14),
      ...(encryptionKey === undefined
        ? { encryption: QueueEncryption.SQS_MANAGED }
        : { encryption: QueueEncryption.KMS, encryptionMasterKey: encryptionKey }),
    });
    // Whoever brings dead letters encrypts them; the policy of a key that is not made here is its owner's
    encryptionKey?.addToResourcePolicy(
      new PolicyStatement({
        principals: ['events', 'sns'].map((service) => new ServicePrincipal(`${service}.amazonaws.com`)),
        actions: ['kms:Decrypt', 'kms:GenerateDataKey*'],
        resources: ['*'],
      }),
    );
    this.filled = watch(this, signs, {
      heading: 'dead-letters',
      reason:
        'An upload was not started or an answer of the GPU was not delivered: each is work that someone waits for.',
      metric: this.queue.metricApproximateNumberOfMessagesVisible({ period: Duration.minutes(5) }),
      threshold: 1,
    });
  }
}
