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

/** Who API Gateway let in, as the owner of what they make; undefined where it let in nobody it knows. */
export function gatewayCaller(environment: unknown): ApiKey | undefined {
  const context = GatewayRequest.safeParse(environment).data?.requestContext;
  const subject = context?.authorizer?.claims?.sub ?? context?.identity?.userArn;
  if (typeof subject !== 'string') return undefined;
  // Sessions of one role are one owner
  const principal = subject.replace(/^(arn:[^:]*:sts::\d*:assumed-role\/[^/]+)\/.*$/, '$1');
  const hash = createHash('sha256').update(principal).digest('hex');
  return { id: hash.slice(0, 16), hash, owner: hash.slice(0, 16), createdAt: '1970-01-01T00:00:00.000Z' };
}
