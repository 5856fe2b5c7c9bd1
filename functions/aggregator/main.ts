import { Logger } from '@aws-lambda-powertools/logger';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { emfMeter } from '@murmuration/pipeline/adapters/emf-meter';
import { s3ObjectStore } from '@murmuration/pipeline/adapters/s3-object-store';
import { xrayTrace } from '@murmuration/pipeline/adapters/xray-trace';
import { logFacts } from '@murmuration/pipeline/jobs/log-facts';
import { logJob } from '@murmuration/pipeline/jobs/log-job';
import { parseEnvironment } from '@murmuration/pipeline/parse-environment';
import { runStep } from '@murmuration/pipeline/pipeline';
import { AggregatorEnv } from './env.ts';
import { stoppedExecution } from './stopped-execution.ts';
import { tellEnd } from './tell-end.ts';

const env = parseEnvironment(AggregatorEnv);
const logger = new Logger({ serviceName: 'aggregator', logLevel: env.LOG_LEVEL });
const trace = xrayTrace();
const events = new EventBridgeClient({});
const ports = {
  store: s3ObjectStore({ bucket: env.BUCKET }),
  meter: emfMeter({ namespace: env.METRICS_NAMESPACE }),
  clock: Date.now,
  prices: env.PRICE_TABLE,
};

const kinds = ['plan-transcribed', 'job-failed', 'execution-stopped'] as const;

export async function handler(event: unknown) {
  const stopped = stoppedExecution(event);
  const message = stopped ?? event;
  logJob(logger, message);
  const answer = await trace(message, () => runStep(kinds, message, ports));
  logger.info(answer.kind, logFacts(answer));
  // A job's end; what merging could not do ends later, in the step that says so
  if ('state' in answer) await tellEnd(answer, env.EVENT_BUS, events);
  // No state machine sends it on any more
  if (stopped !== undefined && answer.kind === 'job-failed') return handler(answer);
  return answer;
}
