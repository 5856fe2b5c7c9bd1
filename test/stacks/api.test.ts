import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { itemsOf } from './items-of.ts';
import { cpuOnly, synthesize } from './synthesize.ts';

const { api, pipeline } = synthesize();
const userPool = 'arn:aws:cognito-idp:eu-west-1:111122223333:userpool/eu-west-1_AbCdEf';

describe('the HTTP API', () => {
  it('deletes all that a job may leave, at once and again when functions and the endpoint have ended', () => {
    const removed = ['async/out/*', 'jobs/*', 'transcripts/uploads/api/*', 'uploads/api/*'];
    const statements = Object.values(api.findResources('AWS::IAM::Policy'))
      .flatMap(({ Properties }) => Properties.PolicyDocument.Statement)
      .filter(({ Action }) => Action === 's3:DeleteObject');
    // The API's door, and the sweeper
    expect(statements).toHaveLength(2);
    for (const { Resource } of statements) {
      const named = Resource.map((arn: object) => JSON.stringify(arn).match(/\/([^"]*\*)"/)?.[1]);
      expect(named.sort()).toEqual(removed);
    }
    const [{ Properties }] = Object.values(api.findResources('AWS::StepFunctions::StateMachine')) as [
      { Properties: { DefinitionString: { 'Fn::Join': [string, unknown[]] } } },
    ];
    const { StartAt, States } = JSON.parse(
      Properties.DefinitionString['Fn::Join'][1]
        .map((part) => (typeof part === 'string' ? part : 'x'))
        .join(''),
    );
    expect(States[StartAt]).toMatchObject({ Type: 'Wait', Seconds: 16 * 60 });
    expect(Object.values(States)).toMatchObject([
      { Seconds: 16 * 60 },
      { Type: 'Task' },
      { Seconds: 125 * 60 },
      { Type: 'Task' },
    ]);
    api.hasResourceProperties('AWS::Lambda::Function', {
      Environment: { Variables: Match.objectLike({ REMOVAL_MACHINE_ARN: Match.anyValue() }) },
    });
  });

  it('is not there unless it is asked for', () => {
    expect(synthesize({ ...cpuOnly, api: 'off' }).api.toJSON()).toEqual({});
  });

  it('streams what its function answers, to every path and method', () => {
    api.resourceCountIs('AWS::ApiGateway::Method', 2);
    api.allResourcesProperties('AWS::ApiGateway::Method', {
      HttpMethod: 'ANY',
      Integration: { Type: 'AWS_PROXY', ResponseTransferMode: 'STREAM', TimeoutInMillis: 900_000 },
    });
    expect(JSON.stringify(api.findResources('AWS::ApiGateway::Method'))).toContain(
      '/response-streaming-invocations',
    );
    api.hasResourceProperties('AWS::ApiGateway::RestApi', { BinaryMediaTypes: ['*/*'] });
  });

  it('is throttled, and its logs hold neither headers nor queries', () => {
    api.hasResourceProperties('AWS::ApiGateway::Stage', {
      MethodSettings: [Match.objectLike({ ThrottlingRateLimit: 20, ThrottlingBurstLimit: 40 })],
      AccessLogSetting: { DestinationArn: Match.anyValue(), Format: Match.stringLikeRegexp('requestId') },
    });
    const [stage] = Object.values(api.findResources('AWS::ApiGateway::Stage'));
    expect(stage!['Properties'].AccessLogSetting.Format).not.toMatch(/header|query|\$context\.authorizer/i);
    api.resourceCountIs('AWS::ApiGateway::UsagePlan', 0);
  });

  it('says how to send what is too large, in words that clients of OpenAI read', () => {
    const answers = Object.values(api.findResources('AWS::ApiGateway::GatewayResponse'));
    const bodies = answers.map(
      ({ Properties }) => Properties.ResponseTemplates['application/json'] as string,
    );
    for (const body of bodies) {
      const { error } = JSON.parse(body.replace('$context.error.messageString', '"why"'));
      expect(Object.keys(error)).toEqual(['message', 'type', 'param', 'code']);
    }
    api.hasResourceProperties('AWS::ApiGateway::GatewayResponse', {
      ResponseType: 'REQUEST_TOO_LARGE',
      StatusCode: '413',
      ResponseTemplates: { 'application/json': Match.stringLikeRegexp('POST /v1/uploads') },
    });
  });

  it.each([
    ['UNAUTHORIZED', '401', 'invalid_api_key'],
    ['MISSING_AUTHENTICATION_TOKEN', '401', 'invalid_api_key'],
    ['INVALID_SIGNATURE', '401', 'invalid_api_key'],
    ['EXPIRED_TOKEN', '401', 'invalid_api_key'],
    ['ACCESS_DENIED', '403', 'access-denied'],
    ['THROTTLED', '429', 'rate_limit_exceeded'],
    ['QUOTA_EXCEEDED', '429', 'rate_limit_exceeded'],
  ])('answers %s with %s and a code that clients know', (ResponseType, StatusCode, code) => {
    api.hasResourceProperties('AWS::ApiGateway::GatewayResponse', {
      ResponseType,
      StatusCode,
      ResponseTemplates: { 'application/json': Match.stringLikeRegexp(`"code":"${code}"`) },
    });
  });

  it('gives each caller without a key a rate and a budget', () => {
    const asking = (settings: object) => synthesize({ ...cpuOnly, api: 'iam', ...settings }).api;
    const limited = (requests: string, seconds: string) => ({
      Environment: {
        Variables: Match.objectLike({
          CALLER_REQUESTS_PER_MINUTE: requests,
          CALLER_BUDGET_SECONDS: seconds,
        }),
      },
    });
    // The API and the gatekeeper of live transcription
    asking({}).resourcePropertiesCountIs('AWS::Lambda::Function', limited('120', '360000'), 2);
    const chosen = asking({ apiCallerRequestsPerMinute: 7, apiCallerBudgetHours: 0 });
    chosen.resourcePropertiesCountIs('AWS::Lambda::Function', limited('7', '0'), 2);
    api.resourcePropertiesCountIs('AWS::Lambda::Function', limited('120', '360000'), 0);
  });

  it.each([
    ['keys', undefined, 'NONE', 'keys'],
    ['iam', undefined, 'AWS_IAM', 'gateway'],
    ['jwt', userPool, 'COGNITO_USER_POOLS', 'gateway'],
  ])('asks who calls by %s', (way, apiUserPool, AuthorizationType, AUTHENTICATION) => {
    const asking = synthesize({ ...cpuOnly, api: way, apiUserPool }).api;
    asking.allResourcesProperties('AWS::ApiGateway::Method', { AuthorizationType });
    asking.hasResourceProperties('AWS::Lambda::Function', {
      Environment: { Variables: Match.objectLike({ AUTHENTICATION }) },
    });
  });

  it('keeps its table when it goes, and lets what has expired go', () => {
    api.hasResource('AWS::DynamoDB::Table', {
      DeletionPolicy: 'Retain',
      Properties: Match.objectLike({
        BillingMode: 'PAY_PER_REQUEST',
        TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
      }),
    });
  });

  it('may write and remove what is its own alone', () => {
    const policies = JSON.stringify(api.findResources('AWS::IAM::Policy'));
    expect(policies).not.toMatch(/dynamodb:\*|s3:\*|dynamodb:Scan|dynamodb:DeleteTable/);
    const statements = Object.values(api.findResources('AWS::IAM::Policy')).flatMap(
      ({ Properties }) => Properties.PolicyDocument.Statement as { Action: unknown; Resource: unknown }[],
    );
    const writing = statements.filter(({ Action }) => JSON.stringify(Action).includes('s3:PutObject'));
    expect(writing).toHaveLength(1);
    expect(JSON.stringify(writing[0]!.Resource)).toContain('/uploads/api/*');
  });

  it('books what its jobs have used when they have ended, however they did', () => {
    api.hasResourceProperties('AWS::Events::Rule', {
      EventPattern: {
        source: ['aws.states'],
        'detail-type': ['Step Functions Execution Status Change'],
        detail: {
          stateMachineArn: [{ 'Fn::ImportValue': Match.stringLikeRegexp('JobsMachine') }],
          status: ['SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED'],
          name: [{ prefix: 'job_' }],
        },
      },
      Targets: [Match.objectLike({ Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('Bookkeeper'), 'Arn'] } })],
    });
  });

  it('can make no key, nor change one', () => {
    const denied = Object.values(api.findResources('AWS::IAM::Policy'))
      .filter(({ Properties }) => JSON.stringify(Properties.Roles).includes('ApiDoorRole'))
      .flatMap(({ Properties }) => Properties.PolicyDocument.Statement as { Effect: string }[])
      .filter(({ Effect }) => Effect === 'Deny');
    expect(denied).toEqual([
      {
        Effect: 'Deny',
        Action: ['BatchWriteItem', 'DeleteItem', 'PutItem', 'UpdateItem'].map((does) => `dynamodb:${does}`),
        Resource: { 'Fn::GetAtt': [expect.stringMatching(/^ApiTable/), 'Arn'] },
        Condition: { 'ForAnyValue:StringLike': { 'dynamodb:LeadingKeys': ['key#*'] } },
      },
    ]);
    // What else may write there can name all with which it does
    expect(itemsOf(api, 'ApiDoorRole')['dynamodb:PutItem']).toEqual(['any']);
  });

  it('lets the function that books reach what is held and used, and neither keys nor jobs', () => {
    expect(itemsOf(api, 'BookkeeperDoorRole')).toEqual({
      'dynamodb:GetItem': ['held#*'],
      'dynamodb:UpdateItem': ['held#*', 'usage#*'],
    });
  });

  it('takes no model from an image', () => {
    expect(() => synthesize({ ...cpuOnly, cpuImage: 'asr:2' })).toThrow(/remove cpuImage/);
    expect(() => synthesize({ ...cpuOnly, api: 'jwt' })).toThrow(/set both api=jwt and apiUserPool/);
  });
});

describe('the page of the API', () => {
  it('is a layer of its own, and may send parts of uploads to the bucket', () => {
    const { api: apiStack, storage } = synthesize(cpuOnly);
    apiStack.hasResourceProperties('AWS::Lambda::Function', {
      Description: 'answers the HTTP API',
      Environment: {
        Variables: Match.objectLike({
          PAGE_FOLDER: '/opt/nodejs/node_modules/@murmuration/api/page',
          UPLOAD_ORIGIN: Match.anyValue(),
          REALTIME_URL: Match.anyValue(),
        }),
      },
    });
    storage.hasResourceProperties('AWS::S3::Bucket', {
      CorsConfiguration: {
        CorsRules: [
          {
            AllowedMethods: ['PUT'],
            AllowedOrigins: ['*'],
            AllowedHeaders: ['*'],
            ExposedHeaders: ['ETag'],
            MaxAge: 3600,
          },
        ],
      },
    });
    synthesize({ ...cpuOnly, api: 'off' }).storage.resourcePropertiesCountIs(
      'AWS::S3::Bucket',
      { CorsConfiguration: Match.anyValue() },
      0,
    );
  });
});

describe('webhooks', () => {
  it('are tried 8 times, one at a time, before a person must look', () => {
    pipeline.hasResourceProperties('AWS::SQS::Queue', {
      RedrivePolicy: Match.objectLike({ maxReceiveCount: 8 }),
    });
    pipeline.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      BatchSize: 1,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
    });
  });

  it('that a receiver refuses go to the dead letters, where the door may send them', () => {
    const sending = Object.values(pipeline.findResources('AWS::IAM::Policy'))
      .flatMap(
        ({ Properties }) => Properties.PolicyDocument.Statement as { Action: unknown; Resource: unknown }[],
      )
      .filter(({ Action }) => JSON.stringify(Action).includes('sqs:SendMessage'))
      .map(({ Resource }) => JSON.stringify(Resource));
    expect(sending).toContainEqual(expect.stringMatching(/^\{"Fn::GetAtt":\["WebhooksDeadLetters/));
  });

  it('are told of both ends of a job', () => {
    pipeline.hasResourceProperties('AWS::Events::Rule', {
      EventPattern: { source: ['murmuration'], 'detail-type': ['transcript-ready', 'job-failed'] },
    });
  });

  it('are not there without a secret to sign them', () => {
    const without = synthesize({ ...cpuOnly, webhookSecretParameter: undefined });
    without.pipeline.resourceCountIs('AWS::Lambda::EventSourceMapping', 0);
    const says = (WEBHOOKS: string) => ({ Environment: { Variables: Match.objectLike({ WEBHOOKS }) } });
    without.api.hasResourceProperties('AWS::Lambda::Function', says('off'));
    api.hasResourceProperties('AWS::Lambda::Function', says('on'));
  });
});
