import { Logger } from '@aws-lambda-powertools/logger';
import { parseEnvironment } from '@murmuration/pipeline/parse-environment';
import { handle, streamHandle } from 'hono/aws-lambda';
import { bodilessEvent } from './bodiless-event.ts';
import { cloudApi } from './cloud-api.ts';
import { ApiEnv } from './env.ts';

const env = parseEnvironment(ApiEnv);
const api = cloudApi(env, new Logger({ serviceName: 'api', logLevel: env.LOG_LEVEL }));

type Handler = (event: never, ...rest: never[]) => unknown;

/** Lambda's own, where it runs: marks a handler, and returns it. */
const lambda = (globalThis as { awslambda?: { streamifyResponse?: (handler: Handler) => Handler } })
  .awslambda;
const stream = lambda?.streamifyResponse;
const answer: Handler = stream === undefined ? handle(api) : streamHandle(api);
const tamed: Handler = (event, ...rest) => answer(bodilessEvent(event), ...rest);

/** Streams, but on a twin of AWS, whose Node knows no streams: there answers come whole. */
export const handler = stream === undefined ? tamed : stream(tamed);
