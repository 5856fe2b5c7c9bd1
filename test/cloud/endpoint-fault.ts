import { z } from 'zod';

/** How the GPU endpoint's stand-in misbehaves. */
export const EndpointFault = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none') }),
  /** There is no such endpoint: the call itself is refused. */
  z.strictObject({ kind: z.literal('absent') }),
  /** The call is refused with 429 for now. */
  z.strictObject({ kind: z.literal('throttled') }),
  /** The container answers with an error: it comes by the error topic. */
  z.strictObject({ kind: z.literal('failing') }),
  /** The container is never asked and nothing comes: no capacity, or the callback was lost. */
  z.strictObject({ kind: z.literal('silent') }),
  /** The right answer, so many seconds too late. */
  z.strictObject({ kind: z.literal('slow'), seconds: z.number().positive() }),
  /** Success is told, but what lies in the bucket is no batch result. */
  z.strictObject({ kind: z.literal('garbage') }),
  /** Every success is told twice, as SNS may. */
  z.strictObject({ kind: z.literal('duplicate') }),
]);
export type EndpointFault = z.infer<typeof EndpointFault>;
