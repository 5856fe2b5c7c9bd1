import { DoorEnvironment } from '@murmuration/pipeline/environment';
import { z } from 'zod';

export const ListenerEnv = DoorEnvironment.omit({ BUCKET: true }).extend({
  /** Name of the API's table. */
  TABLE: z.string().min(3),
  /** Name of the table of what connections bring. */
  MESSAGES_TABLE: z.string().min(3),
  /** Of API Gateway's stage, by https. */
  CONNECTIONS_URL: z.url(),
  /** `keys`: ours, which may be revoked. `gateway`: API Gateway has asked who it is. */
  AUTHENTICATION: z.enum(['keys', 'gateway']).default('keys'),
  MODEL_FOLDER: z.string().min(1),
  /** Folder of @murmuration/media's files. */
  MEDIA_FOLDER: z.string().min(1),
  /** Lambda sets it: who goes on where this one has to stop. */
  AWS_LAMBDA_FUNCTION_NAME: z.string().default('listener'),
});
/** As a stack sets them. */
export type ListenerEnv = z.input<typeof ListenerEnv>;
