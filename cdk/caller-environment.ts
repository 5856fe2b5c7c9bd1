import type { ApiEnv } from '../functions/api/env.ts';
import type { ApiAuthentication } from './api-gateway.ts';

/** What each caller may that IAM or a JWT names, for none has a key that says so. */
export interface CallerLimits {
  readonly requestsPerMinute: number;
  /** Of audio, a month. */
  readonly budgetHours: number;
}

type CallerEnvironment = Pick<ApiEnv, 'CALLER_REQUESTS_PER_MINUTE' | 'CALLER_BUDGET_SECONDS'>;

/** As doors read it; nothing where callers have keys. */
export function callerEnvironment(
  authentication: ApiAuthentication,
  { requestsPerMinute, budgetHours }: CallerLimits,
): Record<string, string> {
  if (authentication === 'keys') return {};
  return {
    CALLER_REQUESTS_PER_MINUTE: `${requestsPerMinute}`,
    CALLER_BUDGET_SECONDS: `${budgetHours * 3600}`,
  } satisfies CallerEnvironment;
}
