import { JobOptions } from '../contract/job.ts';
import type {
  JobEvent,
  WebhookDelivered,
  WebhookDue,
  WebhookGivenUp,
  WebhookPostponed,
  WebhookUnwanted,
} from '../contract/webhook-messages.ts';
import { MurmurationError } from '../errors.ts';
import { shortHash } from '../jobs/job-id.ts';
import { readableJson } from '../jobs/read-json.ts';
import { keys } from '../keys.ts';
import { metrics } from '../metrics.ts';
import type { PipelinePorts } from '../pipeline-ports.ts';
import type { ObjectStore } from '../ports.ts';
import { retryAfterAttempt } from '../webhooks/retry-after-attempt.ts';
import { signWebhook } from '../webhooks/sign-webhook.ts';

/** Of the answers 4xx those that another try may change: too slow, busy with it already, too early, too many. */
const PASSING = [408, 409, 425, 429];
/** Gone, not found, not understood, not allowed: the receiver would say the same again. */
const isRefusal = (status: number) => status >= 400 && status < 500 && !PASSING.includes(status);

/** Tells the end of a job to the address that the job was given, signed. What does not arrive is postponed, then given up. */
export async function deliverWebhook(
  { event, attempt, url: given }: WebhookDue,
  {
    store,
    meter,
    clock,
    webhooks,
    webhookSecret,
  }: Pick<PipelinePorts, 'store' | 'meter' | 'clock' | 'webhooks' | 'webhookSecret'>,
): Promise<WebhookUnwanted | WebhookDelivered | WebhookPostponed | WebhookGivenUp> {
  const { jobId } = event;
  const url = given ?? (await addressOf(event, store));
  if (url === undefined) return { kind: 'webhook-unwanted', jobId };

  const deliveryId = deliveryIdOf(event);
  const sentAtMilliseconds = clock();
  const timestamp = new Date(sentAtMilliseconds).toISOString();
  const body = JSON.stringify({ type: event.kind, timestamp, data: event });
  const headers = signWebhook({ deliveryId, sentAtMilliseconds, body }, webhookSecret);
  const answer = await post();
  if (answer.status !== undefined && answer.status >= 200 && answer.status < 300) {
    meter.add(metrics.webhooksDelivered, 1, 'Count');
    return { kind: 'webhook-delivered', jobId, deliveryId, status: answer.status };
  }
  const reason = answer.reason ?? `it answered ${answer.status}`;
  const isFinal = answer.refused === true || (answer.status !== undefined && isRefusal(answer.status));
  const waitSeconds = isFinal ? undefined : retryAfterAttempt(attempt, deliveryId);
  if (waitSeconds !== undefined) {
    return { kind: 'webhook-postponed', jobId, deliveryId, reason, waitSeconds };
  }
  meter.add(metrics.webhooksFailed, 1, 'Count');
  return { kind: 'webhook-given-up', jobId, deliveryId, reason };

  async function post(): Promise<{ status?: number; reason?: string; refused?: boolean }> {
    try {
      const sent = { ...headers, 'content-type': 'application/json' };
      return { status: await webhooks.post(new URL(url!), body, sent) };
    } catch (error) {
      if (!(error instanceof MurmurationError)) throw error;
      return { reason: error.message, refused: !error.retryable };
    }
  }
}

/** What was chosen beside the recording. What cannot be read names no address. */
async function addressOf({ sourceKey }: JobEvent, store: ObjectStore): Promise<string | undefined> {
  return (await readableJson(store, keys.options(sourceKey), JobOptions))?.webhook?.url;
}

/** The same for each try, and for an event that was told twice. */
const deliveryIdOf = ({ kind, jobId }: JobEvent): string => `msg_${shortHash([kind, jobId])}`;
