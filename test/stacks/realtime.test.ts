import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { itemsOf } from './items-of.ts';
import { cpuOnly, synthesize } from './synthesize.ts';

const { api } = synthesize();

interface Statement {
  readonly Action: string | string[];
  readonly Resource: unknown;
}
/** What the role of this door may do, by action. */
function allowed(door: string): Map<string, string> {
  const statements = Object.values(api.findResources('AWS::IAM::Policy'))
    .filter(({ Properties }) => JSON.stringify(Properties.Roles).includes(`Realtime${door}Role`))
    .flatMap(({ Properties }) => Properties.PolicyDocument.Statement as Statement[]);
  const found = new Map<string, string>();
  for (const { Action, Resource } of statements) {
    for (const action of [Action].flat())
      found.set(action, `${found.get(action) ?? ''}${JSON.stringify(Resource)}`);
  }
  return found;
}

describe('live transcription', () => {
  it('has a WebSocket that tells one function all', () => {
    api.hasResourceProperties('AWS::ApiGatewayV2::Api', { ProtocolType: 'WEBSOCKET' });
    const routes = Object.values(api.findResources('AWS::ApiGatewayV2::Route'));
    expect(routes.map(({ Properties }) => Properties.RouteKey).sort()).toEqual([
      '$connect',
      '$default',
      '$disconnect',
    ]);
    api.allResourcesProperties('AWS::ApiGatewayV2::Integration', { IntegrationType: 'AWS_PROXY' });
  });

  it('is throttled, and its logs hold no message and no query', () => {
    api.hasResourceProperties('AWS::ApiGatewayV2::Stage', {
      AutoDeploy: true,
      DefaultRouteSettings: { ThrottlingRateLimit: 500, ThrottlingBurstLimit: 1000 },
    });
    const [stage] = Object.values(api.findResources('AWS::ApiGatewayV2::Stage'));
    expect(stage!['Properties'].AccessLogSettings.Format).not.toMatch(/header|query|body|message\b(?!")/i);
  });

  it('begins a listener once, and has a client told whose listener did not come to its end', () => {
    api.hasResourceProperties('AWS::Lambda::EventInvokeConfig', {
      MaximumRetryAttempts: 0,
      MaximumEventAgeInSeconds: 60,
      DestinationConfig: {
        OnFailure: { Destination: { 'Fn::GetAtt': [Match.stringLikeRegexp('Gatekeeper'), 'Arn'] } },
      },
    });
  });

  it('gives listeners as long as Lambda does, and all that hearing needs', () => {
    api.hasResourceProperties('AWS::Lambda::Function', {
      Description: Match.stringLikeRegexp('hears one live stream'),
      Timeout: 900,
      MemorySize: 3008,
      Layers: [Match.anyValue(), Match.anyValue(), Match.anyValue()],
    });
  });

  it('keeps what is said for hours, in no backup', () => {
    const tables = Object.entries(api.findResources('AWS::DynamoDB::Table'));
    const [, messages] = tables.find(([id]) => id.includes('Messages'))!;
    expect(messages['DeletionPolicy']).toBe('Delete');
    expect(messages['Properties']).toMatchObject({
      BillingMode: 'PAY_PER_REQUEST',
      TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
    });
    expect(messages['Properties']).not.toHaveProperty('PointInTimeRecoverySpecification');
  });

  it('lets the gatekeeper read keys, count, keep messages and begin listeners, and no more', () => {
    const rights = allowed('Gatekeeper');
    expect([...rights.keys()].filter((action) => !/^(logs|xray):/.test(action)).sort()).toEqual([
      'dynamodb:GetItem',
      'dynamodb:PutItem',
      'dynamodb:UpdateItem',
      'execute-api:ManageConnections',
      'lambda:InvokeFunction',
    ]);
    // `any` is the table of messages
    expect(itemsOf(api, 'RealtimeGatekeeperRole')).toEqual({
      'dynamodb:GetItem': ['held#*', 'key#*'],
      'dynamodb:PutItem': ['any', 'streams#*'],
      'dynamodb:UpdateItem': ['held#*', 'streams#*', 'usage#*'],
    });
    expect(rights.get('dynamodb:PutItem')).toMatch(/Messages/);
    expect(rights.get('dynamodb:UpdateItem')).not.toMatch(/Messages/);
    expect(rights.get('lambda:InvokeFunction')).toMatch(
      /^\{"Fn::GetAtt":\["ApiRealtimeListener\w+","Arn"\]\}$/,
    );
  });

  it('lets listeners read messages, book and answer, and no more', () => {
    const rights = allowed('Listener');
    expect([...rights.keys()].filter((action) => !/^(logs|xray):/.test(action)).sort()).toEqual([
      'dynamodb:GetItem',
      'dynamodb:PutItem',
      'dynamodb:Query',
      'dynamodb:UpdateItem',
      'execute-api:ManageConnections',
      'lambda:InvokeFunction',
    ]);
    expect(itemsOf(api, 'RealtimeListenerRole')).toEqual({
      'dynamodb:GetItem': ['held#*', 'key#*'],
      'dynamodb:PutItem': ['any'],
      'dynamodb:Query': ['any'],
      'dynamodb:UpdateItem': ['held#*', 'streams#*', 'usage#*'],
    });
    expect(rights.get('dynamodb:PutItem')).not.toMatch(/Api\/Table|ApiTable/);
    expect(rights.get('dynamodb:Query')).toMatch(/Messages/);
    expect(rights.get('execute-api:ManageConnections')).toMatch(
      /DELETE\/@connections\/\*.*POST\/@connections\/\*/,
    );
  });

  it('may use the key that its tables have', () => {
    const withKey = synthesize({ ...cpuOnly, kms: 'on' }).api;
    for (const door of ['Gatekeeper', 'Listener']) {
      const policies = Object.values(withKey.findResources('AWS::IAM::Policy')).filter(({ Properties }) =>
        JSON.stringify(Properties.Roles).includes(`Realtime${door}Role`),
      );
      expect(JSON.stringify(policies)).toContain('kms:Decrypt');
    }
  });

  it('asks IAM who connects where the API does, and is not there where a JWT says so', () => {
    const byIam = synthesize({ ...cpuOnly, api: 'iam' }).api;
    byIam.hasResourceProperties('AWS::ApiGatewayV2::Route', {
      RouteKey: '$connect',
      AuthorizationType: 'AWS_IAM',
    });
    const apiUserPool = 'arn:aws:cognito-idp:eu-west-1:111122223333:userpool/eu-west-1_AbCdEf';
    synthesize({ ...cpuOnly, api: 'jwt', apiUserPool }).api.resourceCountIs('AWS::ApiGatewayV2::Api', 0);
  });
});
