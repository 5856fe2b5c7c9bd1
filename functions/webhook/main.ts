import { Logger } from '@aws-lambda-powertools/logger';
import { ChangeMessageVisibilityCommand, SQSClient } from '@aws-sdk/client-sqs';
import { checkReach, lookupWithin, OutOfReach } from '@murmuration/media/http-reach';
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
const reach = env.WEBHOOK_REACH;
const ports = {
  store: s3ObjectStore({ bucket: env.BUCKET }),
  meter: emfMeter({ namespace: env.METRICS_NAMESPACE }),
  clock: Date.now,
  webhooks: httpWebhookSender({
    check: (url) => checkReach(url, reach),
    lookup: lookupWithin(reach),
    isRefusal: (error) => error instanceof OutOfReach,
    secureOnly: reach === 'public',
  }),
};

/** What stays in the queue comes back, and after the last try goes to the dead letters. */
export async function handler(event: unknown) {
  const webhookSecret = await readSecureParameter(env.WEBHOOK_SECRET_PARAMETER);
  const postponed: { itemIdentifier: string }[] = [];
  for (const { messageId, receiptHandle, message } of toldJobs(event)) {
    logJob(logger, message);
    const answer = await trace(message, () => runStep(['webhook-due'], message, { ...ports, webhookSecret }));
    logger.info(answer.kind, { answer });
    if (answer.kind === 'webhook-delivered' || answer.kind === 'webhook-unwanted') continue;
    // A message that nobody took is kept, so that a person can send it again
    postponed.push({ itemIdentifier: messageId });
    const VisibilityTimeout = 'waitSeconds' in answer ? answer.waitSeconds : 0;
    await queue.send(
      new ChangeMessageVisibilityCommand({
        QueueUrl: env.QUEUE_URL,
        ReceiptHandle: receiptHandle,
        VisibilityTimeout,
      }),
    );
  }
  return { batchItemFailures: postponed };
}
