import { keys } from '@murmuration/pipeline/keys';
import { Duration, Size } from 'aws-cdk-lib';
import type { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import { EventBus, Rule } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import type { IStringParameter } from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import type { WebhookEnv } from '../functions/webhook/env.ts';
import { Door, type DoorSettings } from './door.ts';
import type { RecordingBucket } from './recording-bucket.ts';
import { type Signs, watch } from './watch.ts';

export interface WebhooksProps extends DoorSettings {
  readonly recordings: RecordingBucket;
  /** A SecureString that signs: `whsec_` and base64. */
  readonly secret: IStringParameter;
  /** `network` only where receivers are beside the kit. @default 'public' */
  readonly reach?: 'public' | 'network';
  readonly signs: Signs;
}

/** As many as there are waits in layers/pipeline/webhooks, and one. */
const ATTEMPTS = 8;
const TIMEOUT = Duration.seconds(30);

/** Tells the ends of jobs to the addresses that jobs were given. What does not arrive for a day waits for a person. */
export class Webhooks extends Construct {
  readonly door: Door;
  readonly queue: Queue;
  readonly deadLetters: Queue;
  readonly undelivered: Alarm;

  constructor(scope: Construct, id: string, props: WebhooksProps) {
    super(scope, id);
    const { recordings, secret, reach = 'public', signs, ...settings } = props;
    // By SQS's own key: they hold names, no audio and no words
    const shared = {
      enforceSSL: true,
      encryption: QueueEncryption.SQS_MANAGED,
      retentionPeriod: Duration.days(14),
    };
    this.deadLetters = new Queue(this, 'DeadLetters', shared);
    this.queue = new Queue(this, 'Queue', {
      ...shared,
      // What AWS asks for, six times the function's
      visibilityTimeout: Duration.seconds(6 * TIMEOUT.toSeconds()),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: ATTEMPTS },
    });
    new Rule(this, 'OnEnd', {
      description: 'jobs that have ended',
      eventBus: EventBus.fromEventBusName(this, 'Bus', 'default'),
      eventPattern: { source: ['murmuration'], detailType: ['transcript-ready', 'job-failed'] },
      targets: [new SqsQueue(this.queue, { maxEventAge: Duration.hours(2) })],
    });
    this.door = new Door(this, 'Door', {
      ...settings,
      door: 'webhook',
      description: 'tells the ends of jobs to their webhooks',
      memory: Size.mebibytes(512),
      timeout: TIMEOUT,
      environment: {
        BUCKET: recordings.bucket.bucketName,
        WEBHOOK_SECRET_PARAMETER: secret.parameterName,
        WEBHOOK_REACH: reach,
        QUEUE_URL: this.queue.queueUrl,
        DEAD_LETTERS_URL: this.deadLetters.queueUrl,
      } satisfies WebhookEnv,
    });
    this.door.addEventSource(
      // One at a time: a slow receiver delays nobody else's, and 30 s are enough for it
      new SqsEventSource(this.queue, { batchSize: 1, reportBatchItemFailures: true, maxConcurrency: 10 }),
    );
    recordings.grantReadUnder(this.door, [keys.uploadsPrefix]);
    secret.grantRead(this.door);
    // What a receiver refuses for good is not tried again
    this.deadLetters.grantSendMessages(this.door);
    this.undelivered = watch(this, signs, {
      heading: 'webhooks-undelivered',
      reason:
        'A webhook did not arrive in 8 tries over a day, or may not be called: somebody waits to be told.',
      metric: this.deadLetters.metricApproximateNumberOfMessagesVisible({ period: Duration.minutes(5) }),
      threshold: 1,
    });
  }
}
