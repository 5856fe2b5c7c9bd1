import { RemovalPolicy } from 'aws-cdk-lib';
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import { LogGroupLogDestination, WebSocketApi, WebSocketStage } from 'aws-cdk-lib/aws-apigatewayv2';
import { WebSocketIamAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { WebSocketLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';

export interface SocketGatewayProps {
  readonly name: string;
  /** Sees every connection come and go, and every message. */
  readonly gatekeeper: IFunction;
  /** Who may connect: whoever has one of our keys, or whoever IAM allows. */
  readonly authentication: 'keys' | 'iam';
  /** Of all clients together. */
  readonly messagesPerSecond: number;
  readonly logRetention: RetentionDays;
}

export interface SocketGateway {
  readonly api: WebSocketApi;
  readonly stage: WebSocketStage;
}

/** Of messages neither content nor query, which both may hold secrets. */
const accessLog = {
  requestId: '$context.requestId',
  at: '$context.requestTimeEpoch',
  event: '$context.eventType',
  status: '$context.status',
  connection: '$context.connectionId',
  ip: '$context.identity.sourceIp',
  error: '$context.error.message',
};

/** A WebSocket API whose one function is told all. */
export function socketGateway(scope: Construct, id: string, props: SocketGatewayProps): SocketGateway {
  const { name, gatekeeper, authentication, messagesPerSecond } = props;
  const logs = new LogGroup(scope, `${id}AccessLogs`, {
    retention: props.logRetention,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const route = (routeId: string) => ({ integration: new WebSocketLambdaIntegration(routeId, gatekeeper) });
  const api = new WebSocketApi(scope, id, {
    apiName: `${name}-realtime`,
    description: 'Murmuration: live transcription',
    // One route takes all messages
    routeSelectionExpression: '$request.body.kind',
    connectRouteOptions: {
      ...route('Connect'),
      ...(authentication === 'iam' && { authorizer: new WebSocketIamAuthorizer() }),
    },
    defaultRouteOptions: route('Message'),
    disconnectRouteOptions: route('Disconnect'),
  });
  const stage = new WebSocketStage(scope, `${id}Stage`, {
    webSocketApi: api,
    stageName: 'v1',
    autoDeploy: true,
    throttle: { rateLimit: messagesPerSecond, burstLimit: 2 * messagesPerSecond },
    accessLogSettings: {
      destination: new LogGroupLogDestination(logs),
      format: AccessLogFormat.custom(JSON.stringify(accessLog)),
    },
  });
  return { api, stage };
}
