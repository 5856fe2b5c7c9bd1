import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import {
  AccessLogField,
  AccessLogFormat,
  AuthorizationType,
  CognitoUserPoolsAuthorizer,
  EndpointType,
  LambdaIntegration,
  LogGroupLogDestination,
  type MethodOptions,
  ResponseTransferMode,
  ResponseType,
  RestApi,
} from 'aws-cdk-lib/aws-apigateway';
import { UserPool } from 'aws-cdk-lib/aws-cognito';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';

/** Who may call: whoever has one of our keys, whoever IAM allows, or who has a JWT of a Cognito user pool. */
export type ApiAuthentication = 'keys' | 'iam' | { readonly userPoolArn: string };

export interface ApiGatewayProps {
  readonly name: string;
  readonly door: IFunction;
  readonly authentication: ApiAuthentication;
  /** Of all callers together; each key has a limit of its own. */
  readonly requestsPerSecond: number;
  readonly logRetention: RetentionDays;
}

/** The first part of every path, which functions do not see. */
const STAGE = 'live';

/** A REST API whose one function answers everything, as it goes: HTTP APIs cannot stream. */
export function apiGateway(scope: Construct, id: string, props: ApiGatewayProps): RestApi {
  const { name, door, requestsPerSecond } = props;
  const accessLogs = new LogGroup(scope, `${id}AccessLogs`, {
    retention: props.logRetention,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const api = new RestApi(scope, id, {
    restApiName: name,
    description: 'Murmuration: transcription as OpenAI offers it',
    endpointTypes: [EndpointType.REGIONAL],
    // Recordings, and answers in whatever form
    binaryMediaTypes: ['*/*'],
    // Access logs need it; it is the account's, and stays when this API goes
    cloudWatchRole: true,
    deployOptions: {
      stageName: STAGE,
      tracingEnabled: true,
      throttlingRateLimit: requestsPerSecond,
      throttlingBurstLimit: 2 * requestsPerSecond,
      accessLogDestination: new LogGroupLogDestination(accessLogs),
      accessLogFormat: AccessLogFormat.custom(JSON.stringify(accessLog)),
    },
  });
  const integration = new LambdaIntegration(door, {
    responseTransferMode: ResponseTransferMode.STREAM,
    // As long as the function has; a stream may be silent for 5 minutes at most
    timeout: Duration.minutes(15),
    // Nobody calls it from the console: a permission less
    allowTestInvoke: false,
  });
  const options = methodOptions(scope, id, props.authentication);
  api.root.addMethod('ANY', integration, options);
  api.root.addProxy({ defaultIntegration: integration, defaultMethodOptions: options });
  answerAsOpenAi(api);
  return api;
}

/** No query and no header but these: both may hold secrets. */
const accessLog = {
  requestId: AccessLogField.contextRequestId(),
  at: AccessLogField.contextRequestTimeEpoch(),
  method: AccessLogField.contextHttpMethod(),
  path: AccessLogField.contextPath(),
  status: AccessLogField.contextStatus(),
  bytes: AccessLogField.contextResponseLength(),
  milliseconds: AccessLogField.contextResponseLatency(),
  ip: AccessLogField.contextIdentitySourceIp(),
  error: AccessLogField.contextErrorMessage(),
};

function methodOptions(scope: Construct, id: string, authentication: ApiAuthentication): MethodOptions {
  if (authentication === 'keys') return { authorizationType: AuthorizationType.NONE };
  if (authentication === 'iam') return { authorizationType: AuthorizationType.IAM };
  const pool = UserPool.fromUserPoolArn(scope, `${id}UserPool`, authentication.userPoolArn);
  return {
    authorizationType: AuthorizationType.COGNITO,
    authorizer: new CognitoUserPoolsAuthorizer(scope, `${id}Authorizer`, { cognitoUserPools: [pool] }),
  };
}

/** What API Gateway refuses by itself, in the words that clients of OpenAI read. */
function answerAsOpenAi(api: RestApi): void {
  const unknown = (message: string) => ({ statusCode: '401', code: 'invalid_api_key', message });
  const tooMany = {
    ...{ statusCode: '429', code: 'rate_limit_exceeded', kind: 'requests' },
    message: 'there are too many requests: send it again in a second',
    headers: { 'retry-after': "'1'" },
  };
  const signIt = unknown(
    'nobody knows who sent it: sign the request for execute-api, or send a JWT that is in time',
  );
  const answers: readonly GatewayAnswer[] = [
    {
      id: 'TooLarge',
      type: ResponseType.REQUEST_TOO_LARGE,
      statusCode: '413',
      code: 'body-too-large',
      message:
        'the request is larger than 4 MiB: send the recording to POST /v1/uploads, or its address as file_url to POST /v1/jobs',
    },
    { id: 'Throttled', type: ResponseType.THROTTLED, ...tooMany },
    { id: 'OverQuota', type: ResponseType.QUOTA_EXCEEDED, ...tooMany },
    { id: 'Unknown', type: ResponseType.UNAUTHORIZED, ...signIt },
    { id: 'Unsigned', type: ResponseType.MISSING_AUTHENTICATION_TOKEN, ...signIt },
    { id: 'SignedWrong', type: ResponseType.INVALID_SIGNATURE, ...signIt },
    { id: 'Expired', type: ResponseType.EXPIRED_TOKEN, ...signIt },
    {
      id: 'Denied',
      type: ResponseType.ACCESS_DENIED,
      statusCode: '403',
      code: 'access-denied',
      message: 'you may not call this: ask whoever runs it for execute-api:Invoke',
    },
    { id: 'Refused', type: ResponseType.DEFAULT_4XX, code: 'invalid-argument' },
    { id: 'Failed', type: ResponseType.DEFAULT_5XX, code: 'internal', kind: 'server_error' },
  ];
  for (const { id, type, statusCode, code, message, kind = 'invalid_request_error', headers } of answers) {
    // Its own message comes with quotes around it
    const said = message === undefined ? '$context.error.messageString' : JSON.stringify(message);
    api.addGatewayResponse(id, {
      type,
      ...(statusCode === undefined ? {} : { statusCode }),
      responseHeaders: { 'x-request-id': 'context.requestId', ...headers },
      templates: {
        'application/json': `{"error":{"message":${said},"type":"${kind}","param":null,"code":"${code}"}}`,
      },
    });
  }
}

interface GatewayAnswer {
  readonly id: string;
  readonly type: ResponseType;
  /** @default API Gateway's own */
  readonly statusCode?: string;
  readonly code: string;
  /** @default API Gateway's own */
  readonly message?: string;
  readonly kind?: string;
  readonly headers?: Record<string, string>;
}
