import { LiveEvent } from '@murmuration/pipeline/contract/live-event';
import { z } from 'zod';

/** Query of `GET /v1/realtime`. */
export const LiveQuery = z.object({
  language: z.string().min(1).max(100).default('auto'),
  prompt: z.string().max(2_000).default(''),
});

/** The text that a client may send; audio goes in binary frames, 16 kHz mono s16le. */
export const LiveCommand = z.strictObject({ kind: z.literal('end') });

/** All that the server sends, one object a frame. */
export const LiveMessage = z.discriminatedUnion('kind', [
  ...LiveEvent.options,
  /** The last one, where something failed; the connection is closed after it. */
  z.strictObject({ kind: z.literal('error'), code: z.string(), message: z.string() }),
]);
export type LiveMessage = z.infer<typeof LiveMessage>;
