import { z } from 'zod';
import { ProbedMedia } from './probed-media.ts';

/** What the decoding process says beside its audio: `probed`, then `end`; or `failure` at any time. */
export const DecodeMessage = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('probed'), probed: ProbedMedia }),
  z.strictObject({ kind: z.literal('end'), damagedPackets: z.int().nonnegative() }),
  z.strictObject({
    kind: z.literal('failure'),
    code: z.enum(['media-unreadable', 'dependency-missing']),
    reason: z.string(),
  }),
]);
export type DecodeMessage = z.infer<typeof DecodeMessage>;
