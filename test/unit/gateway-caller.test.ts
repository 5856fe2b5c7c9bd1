import { CallerEnvironment, gatewayCaller } from '@murmuration/api/gateway-caller';
import { describe, expect, it } from 'vitest';

const limits = CallerEnvironment.parse({ CALLER_REQUESTS_PER_MINUTE: '7', CALLER_BUDGET_SECONDS: '60' });
const callerOf = gatewayCaller(limits);
const byRole = (session: string) => ({
  requestContext: { identity: { userArn: `arn:aws:sts::1:assumed-role/app/${session}` } },
});

describe('whom API Gateway let in', () => {
  it('is one caller in all sessions of a role, with a rate and a budget', () => {
    const caller = callerOf(byRole('one'))!;
    expect(caller).toMatchObject({ requestsPerMinute: 7, budgetSeconds: 60 });
    expect(callerOf(byRole('two'))).toEqual(caller);
    expect(caller.owner).not.toContain('/');
  });

  it('is known by the subject of a JWT, too, and has limits where nobody set any', () => {
    const requestContext = { authorizer: { claims: { sub: 'ann' } } };
    const caller = gatewayCaller(CallerEnvironment.parse({}))({ requestContext });
    expect(caller).toMatchObject({ requestsPerMinute: 120, budgetSeconds: 360_000 });
    expect(caller!.id).not.toBe(callerOf(byRole('one'))!.id);
  });

  it('is nobody where the gateway names none', () => {
    expect(callerOf({ requestContext: { identity: { userArn: null } } })).toBeUndefined();
  });
});
