import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Logger } from '@aws-lambda-powertools/logger';
import { dynamoKeyRing } from '@murmuration/api/adapters/dynamo-key-ring';
import { dynamoLedger } from '@murmuration/api/adapters/dynamo-ledger';
import { dynamoSocketMessages } from '@murmuration/api/adapters/dynamo-socket-messages';
import { dynamoStreams } from '@murmuration/api/adapters/dynamo-streams';
import { dynamoTable } from '@murmuration/api/adapters/dynamo-table';
import { gatewaySocketReplies } from '@murmuration/api/adapters/gateway-socket-replies';
import { lambdaListener } from '@murmuration/api/adapters/lambda-listener';
import { ListenerCall } from '@murmuration/api/contract/listener-call';
import { goodKey } from '@murmuration/api/realtime/good-key';
import { listenToSocket } from '@murmuration/api/realtime/listen-to-socket';
import { createVoiceDetector } from '@murmuration/media/voice/voice-detector';
import { liveSixteenBit } from '@murmuration/pipeline/live/live-sixteen-bit';
import { parseEnvironment } from '@murmuration/pipeline/parse-environment';
import { createEngine } from '@murmuration/whisper/engine';
import { resolveLanguage } from '@murmuration/whisper/languages';
import { readManifest } from '@murmuration/whisper/load-model';
import { ListenerEnv } from './env.ts';

const env = parseEnvironment(ListenerEnv);
const logger = new Logger({ serviceName: 'listener', logLevel: env.LOG_LEVEL });
const clock = Date.now;

/** Windows that are listened to at once: 0.13 s. */
const LIVE_WINDOWS = 4;
const limits = {
  idleSeconds: 30,
  // API Gateway closes connections after 2 hours
  longestSeconds: 7_140,
  paysTime: true,
  // Lambda ends a function after 15 minutes, and a chain of functions that call themselves after 16: these are 10 at most
  handOverFromSeconds: 720,
  handOverBySeconds: 840,
};

const table = dynamoTable({ tableName: env.TABLE });
const ports = {
  messages: dynamoSocketMessages({ tableName: env.MESSAGES_TABLE, clock }),
  replies: gatewaySocketReplies(env.CONNECTIONS_URL),
  ledger: dynamoLedger(table, clock),
  streams: dynamoStreams(table, clock),
  isGood: env.AUTHENTICATION === 'keys' ? goodKey(dynamoKeyRing(table), clock) : undefined,
  clock,
  wait,
  onError: (error: unknown, requestId: string) =>
    logger.error('stream failed', { requestId, error: error as Error }),
};
const startListener = lambdaListener(env.AWS_LAMBDA_FUNCTION_NAME);
const loading = Promise.all([
  readManifest(env.MODEL_FOLDER),
  createEngine({ modelFolder: env.MODEL_FOLDER }),
  createVoiceDetector({ modelPath: join(env.MEDIA_FOLDER, 'silero-vad-v6.onnx') }),
]);
// The first call meets its failure
loading.catch(() => undefined);

/** Hears one stream, or a quarter of an hour of it; then another one goes on. */
export async function handler(event: unknown): Promise<void> {
  const call = ListenerCall.parse(event);
  const [manifest, engine, voice] = await loading;
  const { requestId, key } = call.stream;
  logger.info('listening', { requestId, keyId: key.id, from: call.from.seconds });
  const rest = await listenToSocket(
    call,
    {
      ...ports,
      openLive: ({ language, prompt }, onEvent) => {
        const options = { language: resolveLanguage(language, manifest), prompt };
        return liveSixteenBit({ engine, voice: voice.listen(LIVE_WINDOWS) }, onEvent, options);
      },
    },
    limits,
  );
  if (rest !== undefined) await startListener(rest);
  logger.info(rest === undefined ? 'heard' : 'handed over', { requestId });
}
