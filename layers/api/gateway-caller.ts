import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { ApiKey } from './contract/api-key.ts';

const GatewayRequest = z.object({
  requestContext: z.object({
    /** By IAM. */
    identity: z.object({ userArn: z.string().nullish() }).optional(),
    /** By a Cognito user pool's JWT. */
    authorizer: z.object({ claims: z.object({ sub: z.string() }).optional() }).nullish(),
  }),
});

/** What each caller may, for none has a key that says so: as a door's environment has it. */
export const CallerEnvironment = z.object({
  CALLER_REQUESTS_PER_MINUTE: z.coerce.number().int().positive().default(120),
  CALLER_BUDGET_SECONDS: z.coerce.number().nonnegative().default(360_000),
});
type CallerEnvironment = z.output<typeof CallerEnvironment>;

/** Says whom API Gateway let in, as the owner of what they make; undefined where it let in nobody it knows. */
export const gatewayCaller = (limits: CallerEnvironment) => (environment: unknown) =>
  callerOf(environment, limits);

function callerOf(
  environment: unknown,
  { CALLER_REQUESTS_PER_MINUTE: requestsPerMinute, CALLER_BUDGET_SECONDS: budgetSeconds }: CallerEnvironment,
): ApiKey | undefined {
  const context = GatewayRequest.safeParse(environment).data?.requestContext;
  const subject = context?.authorizer?.claims?.sub ?? context?.identity?.userArn;
  if (typeof subject !== 'string') return undefined;
  // Sessions of one role are one owner
  const principal = subject.replace(/^(arn:[^:]*:sts::\d*:assumed-role\/[^/]+)\/.*$/, '$1');
  const hash = createHash('sha256').update(principal).digest('hex');
  const id = hash.slice(0, 16);
  return { id, hash, owner: id, createdAt: '1970-01-01T00:00:00.000Z', requestsPerMinute, budgetSeconds };
}
