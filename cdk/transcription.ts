import { keys } from '@murmuration/pipeline/keys';
import { metricsNamespace } from '@murmuration/pipeline/metrics';
import { Duration, Size } from 'aws-cdk-lib';
import type { AlarmBase } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { IVpc } from 'aws-cdk-lib/aws-ec2';
import { EventBus } from 'aws-cdk-lib/aws-events';
import type { Grant, IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IStringParameter } from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import type { AggregatorEnv } from '../functions/aggregator/env.ts';
import type { SplitterEnv } from '../functions/splitter/env.ts';
import { AsyncEndpoint } from './async-endpoint.ts';
import { CpuLane, type RepositoryImage } from './cpu-lane.ts';
import { KitDashboard } from './dashboard.ts';
import { DeadLetters } from './dead-letters.ts';
import { Door, type DoorSettings } from './door.ts';
import { EndpointScaling } from './endpoint-scaling.ts';
import { FileLayer } from './file-layer.ts';
import { GpuLane } from './gpu-lane.ts';
import { engineParts, layerPaths, mediaParts } from './layer-parts.ts';
import { pricePerSecond } from './prices.ts';
import { RecordingBucket } from './recording-bucket.ts';
import { stopRule } from './stop-rule.ts';
import { cacheEnvironment, grantCache, type TranscriptCacheProps } from './transcript-cache.ts';
import { TranscriptionMachine } from './transcription-machine.ts';
import { uploadRule } from './upload-rule.ts';
import type { Signs } from './watch.ts';
import { watchPipeline } from './watch-pipeline.ts';
import { Webhooks } from './webhooks.ts';

/** The lane on a GPU of SageMaker. */
export interface GpuProps {
  /** Built from functions/transcribe-gpu. */
  readonly image: RepositoryImage;
  /** @default 'ml.g6.xlarge' */
  readonly instanceType?: string;
  /** Of the instance's system. @default the one whose driver the image's CUDA 13 needs */
  readonly amiVersion?: string;
  /** @default 0, which costs nothing while idle */
  readonly minInstances?: number;
  /** @default 2 */
  readonly maxInstances?: number;
  /** Requests that one instance works on at once. @default 8 */
  readonly concurrency?: number;
  /** After so long a batch goes to the CPU lane. @default 15 minutes */
  readonly timeout?: Duration;
  /** A folder of the kit's bucket that holds the model. @default it is inside the image */
  readonly modelPrefix?: string;
}

/** Where each part is made, so that one app can spread the kit over several stacks. */
export interface TranscriptionScopes {
  readonly storage: Construct;
  readonly inference: Construct;
  readonly pipeline: Construct;
  readonly observability: Construct;
}

export interface TranscriptionProps {
  /** Names alarms, the dashboard and the endpoint: another one for each kit of an account. @default 'murmuration' */
  readonly name?: string;
  /** Id of the model, in models/artifacts or inside the images. @default 'whisper-tiny.en-int8' */
  readonly model?: string;
  /** Of the CPU lane. @default 3008 MiB */
  readonly cpuMemory?: Size;
  /** For a model that Lambda's layers cannot hold. @default the model comes as a layer */
  readonly cpuImage?: RepositoryImage | undefined;
  /** @default the CPU lane alone */
  readonly gpu?: GpuProps | undefined;
  /** Batches of one job at once. @default 40 */
  readonly concurrency?: number;
  /** Past so many dead batches a job fails instead of having gaps. @default 100 */
  readonly toleratedFailurePercentage?: number;
  /** Before the first retry. @default 2 seconds */
  readonly retryInterval?: Duration;
  /** How long working files are kept; uploads and transcripts stay. @default 7 days */
  readonly retention?: Duration;
  /** @default one month */
  readonly logRetention?: RetentionDays;
  /** Endings of media files that start a job. */
  readonly uploadSuffixes: readonly string[];
  /** @default no cache */
  readonly cache?: TranscriptCacheProps | undefined;
  /** @default the services' own keys */
  readonly encryptionKey?: IKey | undefined;
  /** @default none */
  readonly vpc?: IVpc | undefined;
  /** Signs webhooks: a SecureString. @default no webhooks are told */
  readonly webhookSecret?: IStringParameter | undefined;
  /** Where receivers of webhooks may be. @default 'public' */
  readonly webhookReach?: 'public' | 'network' | undefined;
  /** Where alarms are told; must let cloudwatch.amazonaws.com publish. @default nowhere */
  readonly alarmTopic?: ITopic | undefined;
  /** Alarms link to its headings. @default 'cdk/README.md' */
  readonly runbookUrl?: string;
  /** @default all parts inside this construct */
  readonly scopes?: TranscriptionScopes;
}

/**
 * The whole kit: recordings that are put under uploads/ of its bucket come out as transcripts under transcripts/, told
 * by an event on the default bus.
 */
export class Transcription extends Construct {
  readonly recordings: RecordingBucket;
  readonly machine: TranscriptionMachine;
  readonly cpuLane: CpuLane;
  readonly splitter: Door;
  readonly aggregator: Door;
  readonly engineLayer: FileLayer;
  readonly mediaLayer: FileLayer;
  /** What more doors and alarms of this kit should have, too. */
  readonly settings: DoorSettings;
  readonly signs: Signs;
  /** Undefined without a secret to sign them. */
  readonly webhooks: Webhooks | undefined;
  /** Undefined without a GPU. */
  readonly gpu?: {
    readonly endpoint: AsyncEndpoint;
    readonly scaling: EndpointScaling;
    readonly lane: GpuLane;
  };

  constructor(scope: Construct, id: string, props: TranscriptionProps) {
    super(scope, id);
    const { name = 'murmuration', model = 'whisper-tiny.en-int8', encryptionKey, cache } = props;
    const { logRetention = RetentionDays.ONE_MONTH, runbookUrl = 'cdk/README.md', vpc } = props;
    const scopes = props.scopes ?? { storage: this, inference: this, pipeline: this, observability: this };
    this.signs = { name, runbookUrl };
    const { signs } = this;
    // Of two kits in one account each sees its own
    const namespace = name === 'murmuration' ? metricsNamespace : `${metricsNamespace}/${name}`;
    this.settings = { logRetention, vpc, metricsNamespace: namespace };
    const { settings } = this;

    this.recordings = new RecordingBucket(scopes.storage, 'Storage', {
      retention: props.retention ?? Duration.days(7),
      logRetention: Duration.days(logRetention),
      encryptionKey,
    });
    const { recordings } = this;

    this.engineLayer = new FileLayer(scopes.inference, 'EngineLayer', engineParts(), 'onnxruntime for Node');
    const { engineLayer } = this;
    this.cpuLane = new CpuLane(scopes.inference, 'CpuLane', {
      ...settings,
      recordings,
      engineLayer,
      model,
      memory: props.cpuMemory ?? Size.mebibytes(3008),
      image: props.cpuImage,
      cache,
    });
    const deadLetters = new DeadLetters(scopes.pipeline, 'DeadLetters', { signs, encryptionKey });
    if (props.gpu !== undefined) {
      const { image, instanceType = 'ml.g6.xlarge', minInstances = 0, maxInstances = 2 } = props.gpu;
      const { concurrency = 8, timeout = Duration.minutes(15), modelPrefix } = props.gpu;
      const { amiVersion = 'al2023-ami-sagemaker-inference-gpu-4-1' } = props.gpu;
      const shared = { ...settings, recordings, signs, minInstances, concurrency };
      const endpoint = new AsyncEndpoint(scopes.inference, 'GpuEndpoint', {
        ...shared,
        image,
        instanceType,
        amiVersion,
        environment: {
          METRICS_NAMESPACE: namespace,
          ...cacheEnvironment(cache),
          // The image's own user may write there, and not where a baked model lies
          ...(modelPrefix === undefined ? {} : { MODEL_PREFIX: modelPrefix, MODEL_FOLDER: '/tmp/model' }),
        },
        encryptionKey,
      });
      grantCache(cache, endpoint.role);
      if (modelPrefix !== undefined) recordings.grantReadUnder(endpoint.role, [modelPrefix]);
      const scaling = new EndpointScaling(scopes.inference, 'GpuScaling', {
        ...shared,
        endpoint,
        maxInstances,
      });
      const lane = new GpuLane(scopes.pipeline, 'GpuLane', {
        ...shared,
        endpoint,
        scaling,
        timeout,
        deadLetters: deadLetters.queue,
      });
      this.gpu = { endpoint, scaling, lane };
    }

    this.mediaLayer = new FileLayer(
      scopes.pipeline,
      'MediaLayer',
      mediaParts(),
      "FFmpeg's libraries for Node",
    );
    this.splitter = this.createSplitter(scopes.pipeline, settings, model);
    this.aggregator = this.createAggregator(scopes.pipeline, settings, props);
    this.machine = new TranscriptionMachine(scopes.pipeline, 'Jobs', {
      splitter: this.splitter,
      aggregator: this.aggregator,
      cpuLane: this.cpuLane.function,
      gpuLane: this.gpu?.lane,
      bucket: recordings.bucket,
      concurrency: props.concurrency ?? 40,
      toleratedFailurePercentage: props.toleratedFailurePercentage ?? 100,
      retryInterval: props.retryInterval ?? Duration.seconds(2),
      logRetention,
      signs,
    });
    encryptionKey?.grantDecrypt(this.machine.machine);
    uploadRule(scopes.pipeline, 'OnUpload', {
      bucket: recordings.bucket,
      machine: this.machine.machine,
      suffixes: props.uploadSuffixes,
      deadLetters: deadLetters.queue,
    });
    stopRule(scopes.pipeline, 'OnStop', {
      machine: this.machine.machine,
      aggregator: this.aggregator,
      deadLetters: deadLetters.queue,
    });

    this.webhooks =
      props.webhookSecret &&
      new Webhooks(scopes.pipeline, 'Webhooks', {
        ...settings,
        recordings,
        secret: props.webhookSecret,
        reach: props.webhookReach ?? 'public',
        signs,
      });

    new KitDashboard(scopes.observability, 'Overview', {
      name,
      metricsNamespace: namespace,
      machine: this.machine,
      cpuLane: this.cpuLane,
      gpu: this.gpu,
    });
    const alarms: AlarmBase[] = [
      ...watchPipeline(scopes.observability, {
        signs,
        metricsNamespace: namespace,
        hasCache: cache !== undefined,
      }),
      this.machine.failing,
      deadLetters.filled,
      ...(this.webhooks === undefined ? [] : [this.webhooks.undelivered]),
      // Not `cold` and `fallingBack`: they are normal for a minute, and together `cpuLaneCarries`
      ...(this.gpu === undefined
        ? []
        : [
            this.gpu.lane.failing,
            this.gpu.endpoint.backlogAge,
            this.gpu.scaling.slow,
            this.gpu.lane.cpuLaneCarries,
          ]),
    ];
    if (props.alarmTopic !== undefined) {
      for (const alarm of alarms) alarm.addAlarmAction(new SnsAction(props.alarmTopic));
    }
  }

  /** Lets people and programs bring recordings. */
  grantUpload(grantee: IGrantable): Grant {
    return this.recordings.grantUpload(grantee);
  }

  /** Lets people and programs fetch transcripts. */
  grantReadTranscripts(grantee: IGrantable): Grant {
    return this.recordings.grantReadTranscripts(grantee);
  }

  private createSplitter(scope: Construct, settings: DoorSettings, model: string): Door {
    const { recordings } = this;
    const splitter = new Door(scope, 'Splitter', {
      ...settings,
      door: 'splitter',
      description: 'decodes a recording, cuts it where people pause, and plans the batches',
      // One core decodes and listens; the second overlaps reading and writing
      memory: Size.mebibytes(3008),
      // Lambda's longest; what does not fit is cut by several at once
      timeout: Duration.minutes(15),
      environment: {
        BUCKET: recordings.bucket.bucketName,
        MODEL_ID: model,
        MEDIA_FOLDER: layerPaths.mediaFolder,
      } satisfies SplitterEnv,
      layers: [this.engineLayer, this.mediaLayer],
    });
    recordings.grantReadUnder(splitter, [
      keys.uploadsPrefix,
      keys.jobsPrefix,
      keys.transcriptsPrefix,
      keys.removedPrefix,
    ]);
    recordings.grantWriteUnder(splitter, [keys.jobsPrefix, keys.transcriptsPrefix]);
    return splitter;
  }

  private createAggregator(scope: Construct, settings: DoorSettings, props: TranscriptionProps): Door {
    const { recordings } = this;
    const aggregator = new Door(scope, 'Aggregator', {
      ...settings,
      door: 'aggregator',
      description: 'merges the batches into one transcript and delivers it',
      memory: Size.mebibytes(1769),
      timeout: Duration.minutes(5),
      environment: {
        BUCKET: recordings.bucket.bucketName,
        PRICE_TABLE: JSON.stringify({
          gpu: pricePerSecond.gpu,
          cpu: pricePerSecond.lambdaMebibyte * (props.cpuMemory?.toMebibytes() ?? 3008),
        }),
      } satisfies AggregatorEnv,
    });
    recordings.grantReadUnder(aggregator, [keys.jobsPrefix, keys.transcriptsPrefix, keys.removedPrefix]);
    recordings.grantWriteUnder(aggregator, [keys.jobsPrefix, keys.transcriptsPrefix]);
    EventBus.fromEventBusName(scope, 'Bus', 'default').grantPutEventsTo(aggregator);
    return aggregator;
  }
}
