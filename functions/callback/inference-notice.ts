import type { InferenceFinished } from '@murmuration/pipeline/contract/messages';
import { z } from 'zod';

/** What SageMaker tells of an asynchronous inference, as far as it concerns us. */
const InferenceNotice = z.object({
  invocationStatus: z.string(),
  inferenceId: z.string().min(1),
  failureReason: z.string().optional(),
  responseParameters: z.object({ outputLocation: z.string().optional() }).nullish(),
});

const Notices = z.object({
  Records: z.array(z.object({ Sns: z.object({ Message: z.string() }) })).min(1),
});

/** The notices of an SNS event, as messages. Throws where it is none. */
export function finishedInferences(event: unknown): InferenceFinished[] {
  return Notices.parse(event).Records.map(({ Sns: { Message } }) => {
    const notice = InferenceNotice.parse(JSON.parse(Message));
    const { invocationStatus, inferenceId, failureReason, responseParameters } = notice;
    const outputKey = keyOf(responseParameters?.outputLocation ?? '');
    return {
      kind: 'inference-finished',
      inferenceId,
      ...(invocationStatus === 'Completed' && outputKey !== undefined ? { outputKey } : {}),
      ...(failureReason === undefined ? {} : { failureReason }),
    };
  });
}

/** `s3://bucket/key`: there is but one bucket. */
const keyOf = (location: string) => /^s3:\/\/[^/]+\/(.+)$/.exec(location)?.[1];
