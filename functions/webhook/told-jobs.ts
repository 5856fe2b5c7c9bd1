import { z } from 'zod';

const Records = z.object({
  Records: z.array(
    z.object({
      messageId: z.string(),
      receiptHandle: z.string(),
      body: z.string(),
      attributes: z.object({ ApproximateReceiveCount: z.coerce.number().int().positive() }),
    }),
  ),
});
/** What EventBridge puts around an event. */
const Envelope = z.object({ detail: z.unknown() });

/** The ends of jobs in a delivery of SQS, each with the message that the step takes. */
export function toldJobs(event: unknown) {
  return Records.parse(event).Records.map(({ messageId, receiptHandle, body, attributes }) => ({
    messageId,
    receiptHandle,
    /** To be sent on as it came. */
    body,
    message: {
      kind: 'webhook-due',
      event: Envelope.parse(JSON.parse(body)).detail,
      attempt: attributes.ApproximateReceiveCount,
    },
  }));
}
