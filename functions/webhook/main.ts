import { Logger } from '@aws-lambda-powertools/logger';
import { ChangeMessageVisibilityCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { reachBounds } from '@murmuration/media/reach-bounds';
import { emfMeter } from '@murmuration/pipeline/adapters/emf-meter';
import { httpWebhookSender } from '@murmuration/pipeline/adapters/http-webhook-sender';
import { readSecureParameter } from '@murmuration/pipeline/adapters/read-secure-parameter';
import { s3ObjectStore } from '@murmuration/pipeline/adapters/s3-object-store';
import { xrayTrace } from '@murmuration/pipeline/adapters/xray-trace';
import { logJob } from '@murmuration/pipeline/jobs/log-job';
import { parseEnvironment } from '@murmuration/pipeline/parse-environment';
import { runStep } from '@murmuration/pipeline/pipeline';
import { WebhookEnv } from './env.ts';
import { toldJobs } from './told-jobs.ts';

const env = parseEnvironment(WebhookEnv);
const logger = new Logger({ serviceName: 'webhook', logLevel: env.LOG_LEVEL });
const trace = xrayTrace();
const queue = new SQSClient({});
const ports = {
  store: s3ObjectStore({ bucket: env.BUCKET }),
  meter: emfMeter({ namespace: env.METRICS_NAMESPACE }),
  clock: Date.now,
  webhooks: httpWebhookSender(reachBounds(env.WEBHOOK_REACH)),
};

/** What stays in the queue comes back when it is due; what was given up goes to the dead letters at once, and is not tried again. */
export async function handler(event: unknown) {
  const webhookSecret = await readSecureParameter(env.WEBHOOK_SECRET_PARAMETER);
  const postponed: { itemIdentifier: string }[] = [];
  for (const { messageId, receiptHandle, body, message } of toldJobs(event)) {
    logJob(logger, message);
    const answer = await trace(message, () => runStep(['webhook-due'], message, { ...ports, webhookSecret }));
    logger.info(answer.kind, { answer });
    switch (answer.kind) {
      case 'webhook-delivered':
      case 'webhook-unwanted':
        break;
      case 'webhook-given-up':
        await queue.send(new SendMessageCommand({ QueueUrl: env.DEAD_LETTERS_URL, MessageBody: body }));
        break;
      case 'webhook-postponed':
        postponed.push({ itemIdentifier: messageId });
        await queue.send(
          new ChangeMessageVisibilityCommand({
            QueueUrl: env.QUEUE_URL,
            ReceiptHandle: receiptHandle,
            VisibilityTimeout: answer.waitSeconds,
          }),
        );
    }
  }
  return { batchItemFailures: postponed };
}
