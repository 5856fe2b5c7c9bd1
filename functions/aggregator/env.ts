import { DoorEnvironment } from '@murmuration/pipeline/environment';
import { z } from 'zod';

const Prices = z.strictObject({ gpu: z.number().nonnegative(), cpu: z.number().nonnegative() });

export const AggregatorEnv = DoorEnvironment.extend({
  /** Where a job's end is told. */
  EVENT_BUS: z.string().default('default'),
  /** JSON: `{"gpu":0.0004,"cpu":0.00003}`, US dollars for a second of a lane's work. @default no estimate of costs */
  PRICE_TABLE: z
    .string()
    .transform((text, context) => {
      try {
        return JSON.parse(text) as unknown;
      } catch {
        context.addIssue({ code: 'custom', message: 'is no JSON' });
        return z.NEVER;
      }
    })
    .pipe(Prices)
    .optional(),
});
/** As a stack sets them. */
export type AggregatorEnv = z.input<typeof AggregatorEnv>;
