import { z } from 'zod';

/** Where the end of a job is told to, beside the event: one of `JobOptions`. Which addresses are let through, the door decides. */
export const Webhook = z.strictObject({ url: z.url({ protocol: /^https?$/ }).max(2048) });
export type Webhook = z.infer<typeof Webhook>;
