import { CacheEnvironment, DoorEnvironment } from '@murmuration/pipeline/environment';
import type { z } from 'zod';

export const SweeperEnv = DoorEnvironment.extend(CacheEnvironment.shape);
/** As a stack sets them. */
export type SweeperEnv = z.input<typeof SweeperEnv>;
