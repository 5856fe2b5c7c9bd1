import { Duration } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { TranscribeGpuEnv } from '../functions/transcribe-gpu/env.ts';
import { AsyncEndpoint } from './async-endpoint.ts';
import type { DoorSettings } from './door.ts';
import { EndpointScaling } from './endpoint-scaling.ts';
import { environmentText } from './gpu-environment.ts';
import { GpuLane } from './gpu-lane.ts';
import type { RecordingBucket } from './recording-bucket.ts';
import { cacheEnvironment, grantCache, type TranscriptCacheProps } from './transcript-cache.ts';
import type { GpuProps, TranscriptionScopes } from './transcription-props.ts';
import type { Signs } from './watch.ts';

/** The endpoint, how many instances it has, and what sends it batches. */
export interface GpuParts {
  readonly endpoint: AsyncEndpoint;
  readonly scaling: EndpointScaling;
  readonly lane: GpuLane;
}

export interface GpuPartsProps extends DoorSettings {
  readonly gpu: GpuProps;
  readonly recordings: RecordingBucket;
  readonly signs: Signs;
  readonly cache: TranscriptCacheProps | undefined;
  readonly encryptionKey: IKey | undefined;
  readonly deadLetters: Queue;
}

/** All that the GPU lane needs, with its rights. */
export function gpuParts(
  scopes: Pick<TranscriptionScopes, 'inference' | 'pipeline'>,
  { gpu, recordings, signs, cache, encryptionKey, deadLetters, ...settings }: GpuPartsProps,
): GpuParts {
  const { image, instanceType = 'ml.g6.xlarge', minInstances = 0, maxInstances = 2, modelPrefix } = gpu;
  const { concurrency = 8, timeout = Duration.minutes(15), environment = {} } = gpu;
  const { amiVersion = 'al2023-ami-sagemaker-inference-gpu-4-1' } = gpu;
  const shared = { ...settings, recordings, signs, minInstances, concurrency };
  const endpoint = new AsyncEndpoint(scopes.inference, 'GpuEndpoint', {
    ...shared,
    image,
    instanceType,
    amiVersion,
    environment: {
      METRICS_NAMESPACE: settings.metricsNamespace,
      // After that the CPU lane has the batch
      REQUEST_SECONDS: String(timeout.toSeconds()),
      // Beside those that SageMaker sends at once, those that it has just given up
      MOST_REQUESTS: String(2 * concurrency),
      ...cacheEnvironment(cache),
      // The image's own user may write there, and not where a baked model lies
      ...(modelPrefix === undefined ? {} : { MODEL_PREFIX: modelPrefix, MODEL_FOLDER: '/tmp/model' }),
      ...environmentText(environment),
    } satisfies Partial<TranscribeGpuEnv>,
    encryptionKey,
  });
  grantCache(cache, endpoint.role);
  if (modelPrefix !== undefined) recordings.grantReadUnder(endpoint.role, [modelPrefix]);
  const scaling = new EndpointScaling(scopes.inference, 'GpuScaling', { ...shared, endpoint, maxInstances });
  const lane = new GpuLane(scopes.pipeline, 'GpuLane', {
    ...shared,
    endpoint,
    scaling,
    timeout,
    deadLetters,
  });
  return { endpoint, scaling, lane };
}
