import { Logger } from '@aws-lambda-powertools/logger';
import { s3ObjectFolder } from '@murmuration/api/adapters/s3-object-folder';
import { JobTraces, sweepJob } from '@murmuration/api/adapters/sweep-job';
import { emfMeter } from '@murmuration/pipeline/adapters/emf-meter';
import { openCache } from '@murmuration/pipeline/adapters/open-cache';
import { s3ObjectStore } from '@murmuration/pipeline/adapters/s3-object-store';
import { parseEnvironment } from '@murmuration/pipeline/parse-environment';
import { SweeperEnv } from './env.ts';

const env = parseEnvironment(SweeperEnv);
const { BUCKET: bucket } = env;
const logger = new Logger({ serviceName: 'sweeper', logLevel: env.LOG_LEVEL });
const ports = {
  store: s3ObjectStore({ bucket }),
  folder: s3ObjectFolder({ bucket }),
  cache: openCache(env, emfMeter({ namespace: env.METRICS_NAMESPACE })),
};

/** Deletes what functions that were still at work wrote of a job after it was removed. */
export async function handler(event: unknown): Promise<void> {
  const traces = JobTraces.parse(event);
  await sweepJob(traces, ports);
  logger.info('swept', { jobIds: traces.jobIds });
}
