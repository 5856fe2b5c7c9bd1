import { z } from 'zod';
import { PORTION_SECONDS } from '../realtime/stream-account.ts';
import { ApiKey } from './api-key.ts';
import { LiveQuery } from './live-message.ts';

/** What a listener is told to do: hear one connection, from its start or from where another listener stopped. */
export const ListenerCall = z.strictObject({
  connectionId: z.string().min(1),
  stream: z.strictObject({ key: ApiKey, requestId: z.string(), settings: LiveQuery }),
  /** Among the streams of its key. */
  place: z.int().nonnegative(),
  from: z
    .strictObject({
      /** The first message to be read. */
      index: z.int().nonnegative(),
      /** Bytes of it that are done with. */
      skipBytes: z.int().nonnegative(),
      /** Where in the stream that is. */
      seconds: z.number().nonnegative(),
      /** Of the final words before. */
      text: z.string(),
      /** `text` is the end of it: what is longer fits no message. */
      isCut: z.literal(true).optional(),
      bookedSeconds: z.number().nonnegative(),
      /** For which functions listened to it. */
      elapsedSeconds: z.number().nonnegative(),
    })
    .default({
      ...{ index: 0, skipBytes: 0, seconds: 0, text: '' },
      // Whoever let it in has booked the first portion
      ...{ bookedSeconds: PORTION_SECONDS, elapsedSeconds: 0 },
    }),
});
export type ListenerCall = z.infer<typeof ListenerCall>;
