import { Logger } from '@aws-lambda-powertools/logger';
import { InvokeEndpointAsyncCommand, SageMakerRuntimeClient } from '@aws-sdk/client-sagemaker-runtime';
import { emfMeter } from '@murmuration/pipeline/adapters/emf-meter';
import { s3ObjectStore } from '@murmuration/pipeline/adapters/s3-object-store';
import { xrayTrace } from '@murmuration/pipeline/adapters/xray-trace';
import { logJob } from '@murmuration/pipeline/jobs/log-job';
import { parseEnvironment } from '@murmuration/pipeline/parse-environment';
import { runStep } from '@murmuration/pipeline/pipeline';
import { DispatcherEnv } from './env.ts';

const env = parseEnvironment(DispatcherEnv);
const logger = new Logger({ serviceName: 'dispatcher', logLevel: env.LOG_LEVEL });
const trace = xrayTrace();
const endpoint = new SageMakerRuntimeClient({});
const ports = {
  store: s3ObjectStore({ bucket: env.BUCKET }),
  meter: emfMeter({ namespace: env.METRICS_NAMESPACE }),
};

/** Whatever fails here ends the state that waits, and the batch goes to the CPU lane. */
export async function handler(event: unknown) {
  logJob(logger, event);
  const { kind, inferenceId, batch } = await trace(event, () => runStep(['batch-offered'], event, ports));
  await endpoint.send(
    new InvokeEndpointAsyncCommand({
      EndpointName: env.ENDPOINT_NAME,
      InferenceId: inferenceId,
      ContentType: 'application/json',
      // Whoever removes a job finds what the endpoint answered for it
      S3OutputPathExtension: batch.jobId,
      Body: JSON.stringify({ ...batch, bucket: env.BUCKET }),
      InvocationTimeoutSeconds: env.INFERENCE_TIMEOUT_SECONDS,
      // Else it would wait 6 hours for an instance, and pay one, when the CPU lane is long done; SageMaker takes no less than 60
      RequestTTLSeconds: Math.max(60, env.INFERENCE_TIMEOUT_SECONDS),
    }),
  );
  logger.info(kind, { inferenceId });
  return { kind, inferenceId };
}
