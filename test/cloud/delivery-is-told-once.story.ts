import { setTimeout as wait } from 'node:timers/promises';
import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge';
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { expect, it } from 'vitest';
import { awsAccess } from './aws-access.ts';
import { transcribe, twin, uploadKey } from './kit.ts';
import { speech } from './speech.ts';

const aws = awsAccess(twin.endpoint);
const events = new EventBridgeClient(aws);
const queues = new SQSClient(aws);

/** A queue of all that the kit tells the account's event bus about one upload. */
async function queueOfEvents(sourceKey: string): Promise<string> {
  const { QueueUrl } = await queues.send(new CreateQueueCommand({ QueueName: `events-${Date.now()}` }));
  const asked = await queues.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }));
  const EventPattern = JSON.stringify({ source: ['murmuration'], detail: { sourceKey: [sourceKey] } });
  await events.send(new PutRuleCommand({ Name: 'deliveries', EventPattern }));
  const target = { Id: 'queue', Arn: asked.Attributes!['QueueArn']! };
  await events.send(new PutTargetsCommand({ Rule: 'deliveries', Targets: [target] }));
  return QueueUrl!;
}

it('tells one event when a transcript is there', async () => {
  const name = 'event/jfk.flac';
  const QueueUrl = await queueOfEvents(uploadKey(name));
  const { status } = await transcribe(name, speech());
  await wait(1000);

  const { Messages } = await queues.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
  expect(Messages?.map(({ Body }) => JSON.parse(Body!))).toMatchObject([
    {
      source: 'murmuration',
      'detail-type': 'transcript-ready',
      detail: {
        kind: 'transcript-ready',
        jobId: status.jobId,
        sourceKey: uploadKey(name),
        state: 'done',
        outputs: status.outputs,
      },
    },
  ]);
});
