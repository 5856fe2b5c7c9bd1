import { CallerEnvironment } from '@murmuration/api/gateway-caller';
import { DoorEnvironment } from '@murmuration/pipeline/environment';
import { z } from 'zod';

export const GatekeeperEnv = DoorEnvironment.omit({ BUCKET: true }).extend({
  ...CallerEnvironment.shape,
  /** Name of the API's table. */
  TABLE: z.string().min(3),
  /** Name of the table of what connections bring. */
  MESSAGES_TABLE: z.string().min(3),
  /** The function that is begun for each connection. */
  LISTENER: z.string().min(1),
  /** Of API Gateway's stage, by https. */
  CONNECTIONS_URL: z.url(),
  /** `keys`: ours. `gateway`: API Gateway has asked who it is. */
  AUTHENTICATION: z.enum(['keys', 'gateway']).default('keys'),
});
/** As a stack sets them. */
export type GatekeeperEnv = z.input<typeof GatekeeperEnv>;
