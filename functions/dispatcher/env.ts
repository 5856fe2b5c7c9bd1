import { DoorEnvironment } from '@murmuration/pipeline/environment';
import { z } from 'zod';

export const DispatcherEnv = DoorEnvironment.extend({
  /** Of the asynchronous SageMaker endpoint. */
  ENDPOINT_NAME: z.string().min(1),
  /** How long an inference may take, and so how long a request for it is worth anything. */
  INFERENCE_TIMEOUT_SECONDS: z.coerce.number().int().min(1).max(3600).default(900),
});
/** As a stack sets them. */
export type DispatcherEnv = z.input<typeof DispatcherEnv>;
