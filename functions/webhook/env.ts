import { DoorEnvironment } from '@murmuration/pipeline/environment';
import { z } from 'zod';

export const WebhookEnv = DoorEnvironment.extend({
  /** Name of a SecureString of Systems Manager: `whsec_` and base64. */
  WEBHOOK_SECRET_PARAMETER: z.string().min(1),
  /** Of the messages that this door gets. */
  QUEUE_URL: z.url(),
  /** Where what was given up waits for a person. */
  DEAD_LETTERS_URL: z.url(),
  /** `network` only where receivers are beside the kit: on a twin of AWS. */
  WEBHOOK_REACH: z.enum(['public', 'network']).default('public'),
});
/** As a stack sets them. */
export type WebhookEnv = z.input<typeof WebhookEnv>;
