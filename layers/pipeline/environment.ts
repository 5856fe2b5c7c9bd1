import { z } from 'zod';
import { metricsNamespace } from './metrics.ts';

/** Variables that every door has. */
export const DoorEnvironment = z.object({
  /** Name of the one bucket. */
  BUCKET: z.string().min(3),
  METRICS_NAMESPACE: z.string().default(metricsNamespace),
  /** Read by the logger itself. */
  LOG_LEVEL: z.enum(['DEBUG', 'INFO', 'WARN', 'ERROR']).default('INFO'),
});

/** Variables of those who use the transcript cache; none of them: no cache. */
export const CacheEnvironment = z.object({
  /** Upstash's REST address. */
  CACHE_URL: z.url().optional(),
  /** Where its token lies: a secret of Secrets Manager … */
  CACHE_TOKEN_SECRET_ARN: z.string().optional(),
  /** … or a SecureString of Systems Manager. */
  CACHE_TOKEN_PARAMETER: z.string().optional(),
  CACHE_TTL_SECONDS: z.coerce
    .number()
    .int()
    .positive()
    .default(30 * 24 * 3600),
});
