import { type App, Aws, CfnOutput, Duration, Size, Stack, Tags } from 'aws-cdk-lib';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { type IVpc, Vpc } from 'aws-cdk-lib/aws-ec2';
import { Repository } from 'aws-cdk-lib/aws-ecr';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { type IKey, Key } from 'aws-cdk-lib/aws-kms';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { type IStringParameter, StringParameter } from 'aws-cdk-lib/aws-ssm';
import type { Construct } from 'constructs';
import { Api } from './api.ts';
import type { Config } from './config.ts';
import type { RepositoryImage } from './cpu-lane.ts';
import { createOutputs } from './create-outputs.ts';
import { refuseUnverified } from './layer-parts.ts';
import type { TranscriptCacheProps } from './transcript-cache.ts';
import { Transcription } from './transcription.ts';
import type { GpuProps, TranscriptionProps, TranscriptionScopes } from './transcription-props.ts';

/** The stacks of one deployment. */
export interface KitStacks extends Record<keyof TranscriptionScopes, Stack> {
  /** Undefined without an HTTP API. */
  readonly api: Stack | undefined;
}

/** From its settings. */
export function createStacks(app: App, config: Config): KitStacks {
  refuseUnverified(config.model);
  const stack = (part: string, description: string) =>
    new Stack(app, `${config.name}-${part}`, { description: `Murmuration: ${description}` });
  const scopes = {
    storage: stack('storage', 'recordings and transcripts'),
    inference: stack('inference', 'the lanes that transcribe'),
    pipeline: stack('pipeline', 'from upload to transcript'),
    observability: stack('observability', 'dashboard and alarms'),
  };
  Tags.of(app).add('murmuration', config.name);

  const shared = {
    cache: cache(scopes.inference, config),
    encryptionKey: encryptionKey(scopes.storage, config),
    vpc: vpc(scopes.inference, config),
    // Beneath all other stacks: each has alarms of its own
    alarmTopic: alarmTopic(scopes.storage, config),
  };
  const transcription = new Transcription(scopes.pipeline, 'Transcription', {
    name: config.name,
    model: config.model,
    cpuMemory: Size.mebibytes(config.cpuMemoryMegabytes),
    cpuImage: image(scopes.inference, 'CpuRepository', config.cpuImage),
    gpu: gpu(scopes.inference, config),
    concurrency: config.concurrency,
    toleratedFailurePercentage: config.toleratedFailurePercentage,
    retryInterval: Duration.seconds(config.retrySeconds),
    retention: Duration.days(config.retentionDays),
    // Its members are days
    logRetention: config.logRetentionDays as RetentionDays,
    uploadSuffixes: config.uploadSuffixes,
    webhookSecret: webhookSecret(scopes.pipeline, config),
    webhookReach: config.webhookReach,
    ...shared,
    runbookUrl: config.runbookUrl,
    scopes,
  });
  createOutputs(scopes, transcription);
  if (config.api === 'off') return { ...scopes, api: undefined };
  const api = stack('api', 'the HTTP API');
  createApi(api, config, transcription, shared);
  return { ...scopes, api };
}

function createApi(
  scope: Stack,
  config: Config,
  transcription: Transcription,
  {
    cache,
    encryptionKey,
    vpc,
    alarmTopic,
  }: Pick<TranscriptionProps, 'cache' | 'encryptionKey' | 'vpc' | 'alarmTopic'>,
): void {
  const { recordings, machine, engineLayer, mediaLayer, settings, signs, cpuLane } = transcription;
  const api = new Api(scope, 'Api', {
    ...settings,
    vpc,
    recordings,
    machine: machine.machine,
    engineLayer,
    mediaLayer,
    // readConfig has made sure that it is no image
    modelLayer: cpuLane.modelLayer!,
    model: config.model,
    memory: Size.mebibytes(config.cpuMemoryMegabytes),
    signs,
    authentication:
      config.api === 'jwt' ? { userPoolArn: config.apiUserPool! } : config.api === 'iam' ? 'iam' : 'keys',
    webhooks: config.webhookSecretParameter !== undefined,
    webhookReach: config.webhookReach,
    reach: config.apiReach,
    requestsPerSecond: config.apiRequestsPerSecond,
    callerLimits: {
      requestsPerMinute: config.apiCallerRequestsPerMinute,
      budgetHours: config.apiCallerBudgetHours,
    },
    cache,
    encryptionKey,
  });
  if (alarmTopic !== undefined) {
    for (const alarm of api.alarms) alarm.addAlarmAction(new SnsAction(alarmTopic));
  }
  new CfnOutput(scope, 'ApiUrl', { value: api.rest.url });
  if (api.realtime !== undefined) {
    new CfnOutput(scope, 'RealtimeUrl', { value: api.realtime.gateway.stage.url });
  }
  new CfnOutput(scope, 'ApiTableName', { value: api.table.tableName });
  new CfnOutput(scope, 'RemovalMachineArn', { value: api.removal.machine.stateMachineArn });
  new CfnOutput(scope, 'SweeperFunctionName', { value: api.removal.door.functionName });
}

function webhookSecret(scope: Construct, { webhookSecretParameter }: Config): IStringParameter | undefined {
  if (webhookSecretParameter === undefined) return undefined;
  return StringParameter.fromSecureStringParameterAttributes(scope, 'WebhookSecret', {
    parameterName: webhookSecretParameter,
  });
}

function image(scope: Construct, id: string, name: string | undefined): RepositoryImage | undefined {
  if (name === undefined) return undefined;
  const [repository, tagOrDigest] = name.split(/:(?!.*@)|@/) as [string, string];
  return { repository: Repository.fromRepositoryName(scope, id, repository), tagOrDigest };
}

function gpu(scope: Construct, config: Config): GpuProps | undefined {
  const gpuImage = image(scope, 'GpuRepository', config.gpuImage);
  if (config.gpu === 'off' || gpuImage === undefined) return undefined;
  return {
    image: gpuImage,
    instanceType: config.gpuInstanceType,
    amiVersion: config.gpuAmiVersion,
    minInstances: config.gpuMinInstances,
    maxInstances: config.gpuMaxInstances,
    concurrency: config.gpuConcurrency,
    timeout: Duration.seconds(config.gpuTimeoutSeconds),
    environment: config.gpuEnvironment,
    ...(config.gpuModelPrefix === undefined ? {} : { modelPrefix: config.gpuModelPrefix }),
  };
}

function cache(scope: Construct, config: Config): TranscriptCacheProps | undefined {
  const { cacheUrl: url, cacheTokenParameter, cacheTokenSecret } = config;
  if (url === undefined) return undefined;
  const token =
    cacheTokenSecret === undefined
      ? StringParameter.fromSecureStringParameterAttributes(scope, 'CacheToken', {
          parameterName: cacheTokenParameter!,
        })
      : Secret.fromSecretNameV2(scope, 'CacheToken', cacheTokenSecret);
  return { url, token, ttl: Duration.days(config.cacheTtlDays) };
}

function encryptionKey(scope: Construct, { kms, name }: Config): IKey | undefined {
  if (kms === 'off') return undefined;
  if (kms !== 'on') return Key.fromKeyArn(scope, 'Key', kms);
  return new Key(scope, 'Key', { alias: `${name}-recordings`, enableKeyRotation: true });
}

function vpc(scope: Construct, { vpc }: Config): IVpc | undefined {
  if (vpc === 'none') return undefined;
  const { id, availabilityZones, privateSubnetIds } = vpc;
  return Vpc.fromVpcAttributes(scope, 'Vpc', { vpcId: id, availabilityZones, privateSubnetIds });
}

function alarmTopic(scope: Construct, { alarmEmail }: Config): Topic | undefined {
  if (alarmEmail === undefined) return undefined;
  const topic = new Topic(scope, 'Alarms', { enforceSSL: true });
  // A policy of its own takes the place of the default one, which lets alarms of the account in
  const conditions = { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } };
  topic.grantPublish(new ServicePrincipal('cloudwatch.amazonaws.com', { conditions }));
  topic.addSubscription(new EmailSubscription(alarmEmail));
  return topic;
}
