import { metricsNamespace } from '@murmuration/pipeline/metrics';
import { Duration, Size } from 'aws-cdk-lib';
import type { AlarmBase } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { Grant, IGrantable } from 'aws-cdk-lib/aws-iam';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { aggregator } from './aggregator.ts';
import { CpuLane } from './cpu-lane.ts';
import { KitDashboard } from './dashboard.ts';
import { DeadLetters } from './dead-letters.ts';
import type { Door, DoorSettings } from './door.ts';
import { FileLayer } from './file-layer.ts';
import { type GpuParts, gpuParts } from './gpu-parts.ts';
import { engineParts, mediaParts } from './layer-parts.ts';
import { RecordingBucket } from './recording-bucket.ts';
import { splitter } from './splitter.ts';
import { stopRule } from './stop-rule.ts';
import { TranscriptionMachine } from './transcription-machine.ts';
import type { TranscriptionProps } from './transcription-props.ts';
import { uploadRule } from './upload-rule.ts';
import type { Signs } from './watch.ts';
import { watchPipeline } from './watch-pipeline.ts';
import { Webhooks } from './webhooks.ts';

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
  readonly gpu: GpuParts | undefined;

  constructor(scope: Construct, id: string, props: TranscriptionProps) {
    super(scope, id);
    const { name = 'murmuration', model = 'whisper-tiny.en-int8', encryptionKey, cache } = props;
    const { logRetention = RetentionDays.ONE_MONTH, runbookUrl = 'cdk/README.md', vpc } = props;
    const { cpuMemory = Size.mebibytes(3008) } = props;
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
      memory: cpuMemory,
      image: props.cpuImage,
      cache,
    });
    const deadLetters = new DeadLetters(scopes.pipeline, 'DeadLetters', { signs, encryptionKey });
    this.gpu =
      props.gpu &&
      gpuParts(scopes, {
        ...settings,
        gpu: props.gpu,
        recordings,
        signs,
        cache,
        encryptionKey,
        deadLetters: deadLetters.queue,
      });

    this.mediaLayer = new FileLayer(
      scopes.pipeline,
      'MediaLayer',
      mediaParts(),
      "FFmpeg's libraries for Node",
    );
    const { mediaLayer } = this;
    const cut = { ...settings, recordings, model, engineLayer, mediaLayer };
    this.splitter = splitter(scopes.pipeline, 'Splitter', cut);
    this.aggregator = aggregator(scopes.pipeline, 'Aggregator', { ...settings, recordings, cpuMemory });
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
}
