import { keys } from '@murmuration/pipeline/keys';
import { metrics } from '@murmuration/pipeline/metrics';
import { Duration, RemovalPolicy, type Size } from 'aws-cdk-lib';
import type { Metric, MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import type { IRepository } from 'aws-cdk-lib/aws-ecr';
import {
  Architecture,
  DockerImageCode,
  DockerImageFunction,
  type Function as Lambda,
  Tracing,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { TranscribeCpuEnv } from '../functions/transcribe-cpu/env.ts';
import { Door, type DoorSettings, doorRole } from './door.ts';
import { FileLayer } from './file-layer.ts';
import { kitMetric } from './kit-metric.ts';
import { layerPaths, modelParts } from './layer-parts.ts';
import type { RecordingBucket } from './recording-bucket.ts';
import { cacheEnvironment, grantCache, type TranscriptCacheProps } from './transcript-cache.ts';

/** An image in a registry of the account. */
export interface RepositoryImage {
  readonly repository: IRepository;
  readonly tagOrDigest: string;
}

export interface CpuLaneProps extends DoorSettings {
  readonly recordings: RecordingBucket;
  readonly engineLayer: FileLayer;
  /** Id of the model. */
  readonly model: string;
  /** Lambda gives one core per 1,769 MB. */
  readonly memory: Size;
  /** For a model that layers cannot hold. @default the model comes as a layer */
  readonly image?: RepositoryImage | undefined;
  /** @default no cache */
  readonly cache?: TranscriptCacheProps | undefined;
}

/** The lane that always works: a Lambda that transcribes a batch with the engine on its cores. */
export class CpuLane extends Construct {
  readonly function: Lambda;
  /** Undefined where an image holds the model. */
  readonly modelLayer: FileLayer | undefined;
  private readonly metricsNamespace: string;

  constructor(scope: Construct, id: string, props: CpuLaneProps) {
    super(scope, id);
    const { recordings, cache, model } = props;
    this.metricsNamespace = props.metricsNamespace;
    const environment = {
      BUCKET: recordings.bucket.bucketName,
      MODEL_FOLDER: layerPaths.modelFolder(model),
      METRICS_NAMESPACE: props.metricsNamespace,
      ...cacheEnvironment(cache),
    } satisfies TranscribeCpuEnv;
    this.modelLayer =
      props.image === undefined
        ? new FileLayer(this, 'Model', modelParts(props.model), `model ${props.model}`)
        : undefined;
    this.function =
      props.image === undefined
        ? this.fromLayers(props, environment)
        : this.fromImage(props, props.image, environment);
    recordings.grantReadUnder(this.function, [keys.jobsPrefix, keys.removedPrefix]);
    recordings.grantWriteUnder(this.function, [`${keys.jobsPrefix}*/batches/`]);
    grantCache(cache, this.function);
  }

  /** @default sum over 5 minutes */
  metricBatches(options?: MetricOptions): Metric {
    return kitMetric(this.metricsNamespace, metrics.batches, { lane: 'cpu' }, options);
  }

  /** Segments that another model of the ladder wrote. @default sum over 5 minutes */
  metricSegmentsEscalated(options?: MetricOptions): Metric {
    return kitMetric(this.metricsNamespace, metrics.segmentsEscalated, { lane: 'cpu' }, options);
  }

  /** Milliseconds. @default p99 over 5 minutes */
  metricSegmentLatency(options?: MetricOptions): Metric {
    return kitMetric(
      this.metricsNamespace,
      metrics.segmentLatency,
      { lane: 'cpu' },
      { statistic: 'p99', ...options },
    );
  }

  private fromLayers(props: CpuLaneProps, environment: Record<string, string>): Lambda {
    return new Door(this, 'Function', {
      ...props,
      ...limits,
      door: 'transcribe-cpu',
      environment,
      layers: this.modelLayer === undefined ? [props.engineLayer] : [props.engineLayer, this.modelLayer],
    });
  }

  private fromImage(
    props: CpuLaneProps,
    image: RepositoryImage,
    environment: Record<string, string>,
  ): Lambda {
    const logGroup = new LogGroup(this, 'FunctionLogs', {
      retention: props.logRetention,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    return new DockerImageFunction(this, 'Function', {
      ...limits,
      code: DockerImageCode.fromEcr(image.repository, { tagOrDigest: image.tagOrDigest }),
      architecture: Architecture.X86_64,
      memorySize: props.memory.toMebibytes(),
      tracing: Tracing.ACTIVE,
      logGroup,
      role: doorRole(this, 'FunctionRole', logGroup, props.vpc),
      ...(props.vpc === undefined ? {} : { vpc: props.vpc }),
      environment,
    });
  }
}

const limits = {
  description: 'transcribes a batch of segments on the CPU',
  // Lambda's longest: a batch is 4 minutes of audio, which a slow model may need in full
  timeout: Duration.minutes(15),
};
