import type { ExecutionStopped } from '@murmuration/pipeline/contract/messages';
import { z } from 'zod';

/** What EventBridge tells of an execution that came to no good end, as far as it concerns us. */
const StatusChange = z.object({
  'detail-type': z.literal('Step Functions Execution Status Change'),
  detail: z.object({ status: z.enum(['ABORTED', 'TIMED_OUT', 'FAILED']), input: z.string() }),
});
const Input = z.object({ key: z.string(), etag: z.string() });

const why = {
  ABORTED: { code: 'aborted', reason: 'whoever runs the kit stopped it: upload the recording again' },
  TIMED_OUT: { code: 'internal', reason: 'it did not end within a day' },
  FAILED: { code: 'internal', reason: 'it broke off, and nothing could say why' },
} as const;

/** Such an event as a message; undefined where it is another. */
export function stoppedExecution(event: unknown): ExecutionStopped | undefined {
  const parsed = StatusChange.safeParse(event);
  if (!parsed.success) return undefined;
  const { status, input } = parsed.data.detail;
  const { key: sourceKey, etag } = Input.parse(JSON.parse(input));
  return { kind: 'execution-stopped', sourceKey, etag, ...why[status] };
}
