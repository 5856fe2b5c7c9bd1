import { DoorEnvironment } from '@murmuration/pipeline/environment';
import { z } from 'zod';

export const BookkeeperEnv = DoorEnvironment.omit({ BUCKET: true }).extend({
  /** Name of the API's table. */
  TABLE: z.string().min(3),
});
/** As a stack sets them. */
export type BookkeeperEnv = z.input<typeof BookkeeperEnv>;
