import { randomUUID } from 'node:crypto';
import { Logger } from '@aws-lambda-powertools/logger';
import { dynamoKeyRing } from '@murmuration/api/adapters/dynamo-key-ring';
import { dynamoLedger } from '@murmuration/api/adapters/dynamo-ledger';
import { dynamoSocketMessages } from '@murmuration/api/adapters/dynamo-socket-messages';
import { dynamoStreams } from '@murmuration/api/adapters/dynamo-streams';
import { dynamoTable } from '@murmuration/api/adapters/dynamo-table';
import { gatewaySocketReplies } from '@murmuration/api/adapters/gateway-socket-replies';
import { lambdaListener } from '@murmuration/api/adapters/lambda-listener';
import { gatewayCaller } from '@murmuration/api/gateway-caller';
import { gateApp } from '@murmuration/api/realtime/gate-app';
import { socketGate } from '@murmuration/api/realtime/socket-gate';
import { parseEnvironment } from '@murmuration/pipeline/parse-environment';
import { GatekeeperEnv } from './env.ts';

const env = parseEnvironment(GatekeeperEnv);
const logger = new Logger({ serviceName: 'gatekeeper', logLevel: env.LOG_LEVEL });
const clock = Date.now;
const table = dynamoTable({ tableName: env.TABLE });
const ledger = dynamoLedger(table, clock);
const app = gateApp({
  ...(env.AUTHENTICATION === 'keys' ? { keyRing: dynamoKeyRing(table) } : { callerOf: gatewayCaller(env) }),
  ledger,
  clock,
  newId: randomUUID,
  onError: (error, requestId) => logger.error('request failed', { requestId, error: error as Error }),
});

/** Every event of API Gateway's WebSockets, and the calls of listeners that Lambda gave up. */
export const handler = socketGate(app, {
  messages: dynamoSocketMessages({ tableName: env.MESSAGES_TABLE, clock }),
  replies: gatewaySocketReplies(env.CONNECTIONS_URL),
  startListener: lambdaListener(env.LISTENER),
  streams: dynamoStreams(table, clock),
  ledger,
  clock,
});
