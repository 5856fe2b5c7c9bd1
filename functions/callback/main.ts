import { Logger } from '@aws-lambda-powertools/logger';
import { SFNClient } from '@aws-sdk/client-sfn';
import { emfMeter } from '@murmuration/pipeline/adapters/emf-meter';
import { s3ObjectStore } from '@murmuration/pipeline/adapters/s3-object-store';
import { xrayTrace } from '@murmuration/pipeline/adapters/xray-trace';
import { logJob } from '@murmuration/pipeline/jobs/log-job';
import { parseEnvironment } from '@murmuration/pipeline/parse-environment';
import { runStep } from '@murmuration/pipeline/pipeline';
import { CallbackEnv } from './env.ts';
import { finishedInferences } from './inference-notice.ts';
import { sendTaskResult } from './send-task-result.ts';

const env = parseEnvironment(CallbackEnv);
const logger = new Logger({ serviceName: 'callback', logLevel: env.LOG_LEVEL });
const trace = xrayTrace();
const stepFunctions = new SFNClient({});
const ports = {
  store: s3ObjectStore({ bucket: env.BUCKET }),
  meter: emfMeter({ namespace: env.METRICS_NAMESPACE }),
};

export async function handler(event: unknown): Promise<void> {
  for (const message of finishedInferences(event)) {
    logJob(logger, message);
    const { inferenceId } = message;
    const answer = await trace(message, () => runStep(['inference-finished'], message, ports));
    const taken = answer.kind !== 'inference-unknown' && (await sendTaskResult(answer, stepFunctions));
    const why = answer.kind === 'task-failed' ? { code: answer.code, reason: answer.reason } : {};
    logger.info(answer.kind, { inferenceId, taken, ...why });
  }
}
