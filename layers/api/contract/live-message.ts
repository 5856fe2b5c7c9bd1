import { LiveEvent } from '@murmuration/pipeline/contract/live-event';
import { z } from 'zod';

/** Query of `GET /v1/realtime`. */
export const LiveQuery = z.object({
  language: z.string().min(1).max(100).default('auto'),
  prompt: z.string().max(2_000).default(''),
});

/**
 * Counts the texts of a stream from 0, that of `end` too: API Gateway hands messages on in any order. Needed there, and
 * ignored where a server reads the socket itself.
 */
const MessageIndex = z.int().nonnegative().max(9_999_999);

/**
 * The text that a client may send. Audio is 16 kHz mono s16le, in binary frames or, where none are taken (API Gateway),
 * as base64 in texts of 32 KB at most.
 */
export const LiveCommand = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('audio'),
    index: MessageIndex.optional(),
    audio: z.base64().max(131_072),
  }),
  z.strictObject({ kind: z.literal('end'), index: MessageIndex.optional() }),
]);
export type LiveCommand = z.infer<typeof LiveCommand>;

const [Interim, Final, Pause, Done] = LiveEvent.options;

/** All that the server sends, one object a frame. */
export const LiveMessage = z.discriminatedUnion('kind', [
  Interim,
  Final,
  Pause,
  /** `isCut`: its text was longer than a message may be, and this is the end; the `final` messages have all of it. */
  Done.extend({ isCut: z.literal(true).optional() }),
  /** The last one, where something failed; the connection is closed after it. */
  z.strictObject({ kind: z.literal('error'), code: z.string(), message: z.string() }),
]);
export type LiveMessage = z.infer<typeof LiveMessage>;
