import { Logger } from '@aws-lambda-powertools/logger';
import { emfMeter } from '@murmuration/pipeline/adapters/emf-meter';
import { openCache } from '@murmuration/pipeline/adapters/open-cache';
import { s3ObjectStore } from '@murmuration/pipeline/adapters/s3-object-store';
import { xrayTrace } from '@murmuration/pipeline/adapters/xray-trace';
import { logFacts } from '@murmuration/pipeline/jobs/log-facts';
import { logJob } from '@murmuration/pipeline/jobs/log-job';
import { parseEnvironment } from '@murmuration/pipeline/parse-environment';
import { runStep } from '@murmuration/pipeline/pipeline';
import { createEngine } from '@murmuration/whisper/engine';
import { TranscribeCpuEnv } from './env.ts';

const env = parseEnvironment(TranscribeCpuEnv);
const logger = new Logger({ serviceName: 'transcribe-cpu', logLevel: env.LOG_LEVEL });
const trace = xrayTrace();
const meter = emfMeter({ namespace: env.METRICS_NAMESPACE });
const store = s3ObjectStore({ bucket: env.BUCKET });
const cache = openCache(env, meter);
const loading = createEngine({ modelFolder: env.MODEL_FOLDER, threads: env.THREADS });
// The first batch meets its failure
loading.catch(() => undefined);

export async function handler(event: unknown) {
  logJob(logger, event);
  const ports = { store, meter, clock: Date.now, engine: await loading, cache };
  const answer = await trace(event, () => runStep(['batch'], event, ports));
  logger.info(answer.kind, logFacts(answer));
  return answer;
}
