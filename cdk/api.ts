import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { keys } from '@murmuration/pipeline/keys';
import { Duration, type Size } from 'aws-cdk-lib';
import type { RestApi } from 'aws-cdk-lib/aws-apigateway';
import type { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import { Effect, Grant, type IGrantable, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import type { ApiEnv } from '../functions/api/env.ts';
import { type ApiAuthentication, apiGateway } from './api-gateway.ts';
import { Bookkeeper } from './bookkeeper.ts';
import { type CallerLimits, callerEnvironment } from './caller-environment.ts';
import { Door, type DoorSettings } from './door.ts';
import { FileLayer } from './file-layer.ts';
import { itemTable } from './item-table.ts';
import { layerPaths, modelParts, pageParts } from './layer-parts.ts';
import { Realtime } from './realtime.ts';
import type { RecordingBucket } from './recording-bucket.ts';
import { grantSweep, Removal } from './removal.ts';
import { cacheEnvironment, grantCache, type TranscriptCacheProps } from './transcript-cache.ts';
import { type Signs, watch } from './watch.ts';

export interface ApiProps extends DoorSettings {
  readonly recordings: RecordingBucket;
  /** What jobs are executions of. */
  readonly machine: StateMachine;
  readonly engineLayer: FileLayer;
  readonly mediaLayer: FileLayer;
  /** For live transcription. */
  readonly modelLayer: FileLayer;
  /** A folder of models/artifacts. */
  readonly model: string;
  /** Lambda gives one core per 1,769 MB. */
  readonly memory: Size;
  readonly signs: Signs;
  /** @default 'keys' */
  readonly authentication?: ApiAuthentication;
  /** Whether the pipeline has a secret to sign webhooks with; without one jobs that want to tell their end are refused. */
  readonly webhooks: boolean;
  /** Where they may lead. @default 'public' */
  readonly webhookReach?: 'public' | 'network';
  /** Where `file_url` may lead. @default 'public' */
  readonly reach?: 'public' | 'network';
  /** Of all callers together. @default 20 */
  readonly requestsPerSecond?: number;
  /** Of each caller that IAM or a JWT names; keys have limits of their own. */
  readonly callerLimits: CallerLimits;
  /** @default no cache */
  readonly cache?: TranscriptCacheProps | undefined;
  /** @default DynamoDB's own key */
  readonly encryptionKey?: IKey | undefined;
}

/** The HTTP API: short recordings are transcribed while the client waits, long ones become jobs of the state machine. */
export class Api extends Construct {
  readonly rest: RestApi;
  readonly door: Door;
  /** Hashes of keys, what they used, requests that came before, uploads and jobs. */
  readonly table: Table;
  /** Undefined where JWTs say who calls: API Gateway checks none for WebSockets. */
  readonly realtime: Realtime | undefined;
  readonly removal: Removal;
  readonly alarms: readonly Alarm[];

  constructor(scope: Construct, id: string, props: ApiProps) {
    super(scope, id);
    const { recordings, machine, model, signs, authentication = 'keys', cache } = props;
    // Keys that people hold are not made again
    const kept = { encryptionKey: props.encryptionKey, isKept: true } as const;
    this.table = itemTable(this, 'Table', kept);
    new Bookkeeper(this, 'Bookkeeper', { ...settingsOf(props), table: this.table, machine });
    this.realtime =
      typeof authentication === 'string'
        ? new Realtime(this, 'Realtime', {
            ...settingsOf(props),
            table: this.table,
            engineLayer: props.engineLayer,
            modelLayer: props.modelLayer,
            model,
            memory: props.memory,
            signs,
            authentication,
            callerLimits: props.callerLimits,
            encryptionKey: props.encryptionKey,
          })
        : undefined;
    this.removal = new Removal(this, 'Removal', { ...settingsOf(props), recordings, cache });
    const files = modelFiles(this, model);
    const [anyFile] = files.values();
    this.door = new Door(this, 'Door', {
      ...props,
      door: 'api',
      description: 'answers the HTTP API',
      timeout: Duration.minutes(15),
      layers: [
        props.engineLayer,
        props.mediaLayer,
        new FileLayer(this, 'PageLayer', pageParts(), 'the page'),
      ],
      environment: {
        BUCKET: recordings.bucket.bucketName,
        TABLE: this.table.tableName,
        STATE_MACHINE_ARN: machine.stateMachineArn,
        REMOVAL_MACHINE_ARN: this.removal.machine.stateMachineArn,
        MODEL_ID: model,
        MODEL_BUCKET: anyFile!.s3BucketName,
        MODEL_FILES: JSON.stringify(
          Object.fromEntries([...files].map(([name, { s3ObjectKey }]) => [name, s3ObjectKey])),
        ),
        MEDIA_FOLDER: layerPaths.mediaFolder,
        FILE_REACH: props.reach ?? 'public',
        WEBHOOKS: props.webhooks ? 'on' : 'off',
        ...(props.webhookReach === 'network' && { WEBHOOK_REACH: props.webhookReach }),
        PAGE_FOLDER: layerPaths.pageFolder,
        UPLOAD_ORIGIN: `https://${recordings.bucket.bucketRegionalDomainName}`,
        ...(this.realtime === undefined ? {} : { REALTIME_URL: this.realtime.gateway.stage.url }),
        AUTHENTICATION: authentication === 'keys' ? 'keys' : 'gateway',
        ...callerEnvironment(authentication, props.callerLimits),
        ...cacheEnvironment(cache),
      } satisfies ApiEnv,
    });
    Grant.addToPrincipal({
      grantee: this.door,
      actions: ['s3:GetObject'],
      resourceArns: [...files.values()].map((file) => file.bucket.arnForObjects(file.s3ObjectKey)),
    });
    grantCache(cache, this.door);
    this.table.grant(
      this.door,
      'dynamodb:GetItem',
      'dynamodb:PutItem',
      'dynamodb:UpdateItem',
      'dynamodb:Query',
      'dynamodb:DeleteItem',
      'dynamodb:BatchWriteItem',
    );
    this.denyKeys();
    machine.grantStartExecution(this.door);
    this.removal.machine.grantStartExecution(this.door);
    machine.grantExecution(this.door, 'states:StopExecution', 'states:DescribeExecution');
    grantObjects(this.door, recordings);
    recordings.allowUploadsOfPages();
    // Jobs may be made of an upload for 7 days
    recordings.expireUnder(keys.apiUploadsPrefix, Duration.days(8));
    this.rest = apiGateway(this, 'Gateway', {
      name: signs.name,
      door: this.door,
      authentication,
      requestsPerSecond: props.requestsPerSecond ?? 20,
      logRetention: props.logRetention,
    });
    this.alarms = [
      watch(this, signs, {
        heading: 'api-failing',
        reason: '5 requests were answered 5xx within 5 minutes: none ever should be.',
        metric: this.rest.metricServerError({ period: Duration.minutes(5), statistic: 'Sum' }),
        threshold: 5,
      }),
      watch(this, signs, {
        heading: 'api-throttled',
        reason:
          'Lambda refused 10 requests within 5 minutes, since too many ran: clients are told to come again.',
        metric: this.door.metricThrottles({ period: Duration.minutes(5) }),
        threshold: 10,
      }),
      ...(this.realtime?.alarms ?? []),
    ];
  }

  /** Keys are made by people: what answers strangers can make none, nor raise a budget. */
  private denyKeys(): void {
    this.door.addToRolePolicy(
      new PolicyStatement({
        effect: Effect.DENY,
        actions: ['PutItem', 'UpdateItem', 'DeleteItem', 'BatchWriteItem'].map((does) => `dynamodb:${does}`),
        resources: [this.table.tableArn],
        conditions: { 'ForAnyValue:StringLike': { 'dynamodb:LeadingKeys': ['key#*'] } },
      }),
    );
  }

  /** Lets people and programs call it, where it asks IAM. */
  grantInvoke(grantee: IGrantable): Grant {
    const { api: sockets, stage } = this.realtime?.gateway ?? {};
    return Grant.addToPrincipal({
      grantee,
      actions: ['execute-api:Invoke'],
      resourceArns: [
        this.rest.arnForExecuteApi('*', '/*', this.rest.deploymentStage.stageName),
        ...(sockets === undefined ? [] : [sockets.arnForExecuteApiV2('$connect', stage?.stageName)]),
      ],
    });
  }
}

const settingsOf = ({ logRetention, vpc, metricsNamespace }: DoorSettings): DoorSettings => ({
  logRetention,
  vpc,
  metricsNamespace,
});

/** Recordings of the API lie in a folder of their own; of what uploads became it reads all, since jobs may name them. */
function grantObjects(door: Door, recordings: RecordingBucket): void {
  recordings.grantReadUnder(door, [keys.uploadsPrefix, keys.jobsPrefix, keys.transcriptsPrefix]);
  recordings.grantWriteUnder(door, [keys.apiPrefix, keys.removedPrefix]);
  grantSweep(recordings, door);
}

/** The model's files as objects: engine, decoder and model together are more than the 250 MB of Lambda's layers. */
function modelFiles(scope: Construct, model: string): Map<string, Asset> {
  const { from } = modelParts(model)[0]!;
  const names = readdirSync(from).filter((name) => statSync(join(from, name)).isFile());
  return new Map(
    names.map((name) => [name, new Asset(scope, `Model-${name}`, { path: join(from, name) })] as const),
  );
}
