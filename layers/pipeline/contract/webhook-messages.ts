import { z } from 'zod';
import { JobEnded, TranscriptReady } from './messages.ts';

/** What the kit tells of a job, once, when it has ended: on the event bus and by webhook. */
export const JobEvent = z.discriminatedUnion('kind', [TranscriptReady, JobEnded]);
export type JobEvent = z.infer<typeof JobEvent>;

/** The end of a job that somebody may want to be told. */
export const WebhookDue = z.strictObject({
  kind: z.literal('webhook-due'),
  event: JobEvent,
  /** From 1. */
  attempt: z.int().positive(),
  /** @default what lies beside the recording says where to */
  url: z.url().optional(),
});
export type WebhookDue = z.infer<typeof WebhookDue>;

/** Nobody asked to be told of this job. */
export const WebhookUnwanted = z.strictObject({ kind: z.literal('webhook-unwanted'), jobId: z.string() });
export type WebhookUnwanted = z.infer<typeof WebhookUnwanted>;

export const WebhookDelivered = z.strictObject({
  kind: z.literal('webhook-delivered'),
  jobId: z.string(),
  deliveryId: z.string(),
  status: z.int(),
});
export type WebhookDelivered = z.infer<typeof WebhookDelivered>;

/** It did not arrive; after `waitSeconds` it is worth another try. */
export const WebhookPostponed = z.strictObject({
  kind: z.literal('webhook-postponed'),
  jobId: z.string(),
  deliveryId: z.string(),
  reason: z.string(),
  waitSeconds: z.int().positive(),
});
export type WebhookPostponed = z.infer<typeof WebhookPostponed>;

/** It did not arrive, and no further try is made. */
export const WebhookGivenUp = z.strictObject({
  kind: z.literal('webhook-given-up'),
  jobId: z.string(),
  deliveryId: z.string(),
  reason: z.string(),
});
export type WebhookGivenUp = z.infer<typeof WebhookGivenUp>;
