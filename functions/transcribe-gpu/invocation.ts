import { DecodingOptions } from '@murmuration/pipeline/contract/decoding';
import { Batch } from '@murmuration/pipeline/contract/plan';
import { z } from 'zod';

/** A batch of a job, whose audio lies in S3. */
export const BatchInvocation = Batch.extend({ bucket: z.string().min(1) });
export type BatchInvocation = z.infer<typeof BatchInvocation>;

/** One short recording, 30 s at most, with its audio. */
export const InlineInvocation = z.strictObject({
  kind: z.literal('inline').default('inline'),
  /** s16le at 16 kHz, mono. */
  pcm: z.base64().min(1),
  decoding: DecodingOptions.prefault({}),
});
export type InlineInvocation = z.infer<typeof InlineInvocation>;

/** What `POST /invocations` takes. */
export const Invocation = z.union([BatchInvocation, InlineInvocation]);
export type Invocation = z.infer<typeof Invocation>;
