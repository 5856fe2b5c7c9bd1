import { DoorEnvironment } from '@murmuration/pipeline/environment';
import type { z } from 'zod';

export const CallbackEnv = DoorEnvironment;
/** As a stack sets them. */
export type CallbackEnv = z.input<typeof CallbackEnv>;
