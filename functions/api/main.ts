import { Logger } from '@aws-lambda-powertools/logger';
import { parseEnvironment } from '@murmuration/pipeline/parse-environment';
import { handle, streamHandle } from 'hono/aws-lambda';
import { cloudApi } from './cloud-api.ts';
import { ApiEnv } from './env.ts';

const env = parseEnvironment(ApiEnv);
const api = cloudApi(env, new Logger({ serviceName: 'api', logLevel: env.LOG_LEVEL }));

/** Lambda's own, where it runs. */
const lambda = (globalThis as { awslambda?: { streamifyResponse?: unknown } }).awslambda;

/** Streams, but on a twin of AWS, whose Node knows no streams: there answers come whole. */
export const handler = lambda?.streamifyResponse === undefined ? handle(api) : streamHandle(api);
