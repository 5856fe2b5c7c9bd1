import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { awsAccess, awsEnvironment } from './aws-access.ts';
import { deploy, synthesize } from './deploy-template.ts';
import { freePort } from './free-port.ts';
import { recordedEndpoint } from './recorded-endpoint.ts';
import { startSageMakerRuntime } from './sagemaker-runtime.ts';
import { startContainer } from './start-container.ts';
import { startMiniStack } from './start-ministack.ts';
import { startRedis } from './start-redis.ts';
import { startTwinControl } from './twin-control.ts';
import { twinFolder } from './twin-folder.ts';
import type { TwinState } from './twin-state.ts';
import { startUpstashRestFront } from './upstash-rest-front.ts';

const cacheToken = 'token-of-the-twin';
const cacheTokenParameter = '/murmuration/cache-token';
const webhookSecret = `whsec_${Buffer.alloc(32, 'twin').toString('base64')}`;
const webhookSecretParameter = '/murmuration/webhooks';

export interface Twin {
  readonly state: TwinState;
  /** Settles when somebody asks the twin to end. */
  readonly asked: Promise<void>;
  /** Settles when nothing is left of it. */
  stop(): Promise<void>;
}

export interface TwinOptions {
  /** Settings of the kit, beside those that point to the twin; see cdk/config.ts. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Told what is going on. */
  readonly log?: (line: string) => void;
}

/** The whole kit on this machine: its synthesized template, deployed to a local AWS that nothing outside can reach. */
export async function startTwin(options: TwinOptions = {}): Promise<Twin> {
  const { log = () => {} } = options;
  const folder = await twinFolder();
  const running: (() => Promise<unknown>)[] = [];
  const onStop = <T extends { stop(): Promise<unknown> }>(started: T): T => {
    running.push(started.stop);
    return started;
  };
  const stop = async () => {
    await Promise.allSettled(running.splice(0).map((end) => end()));
    await rm(folder, { recursive: true, force: true });
  };

  try {
    const [port, containerPort] = await Promise.all([freePort(), freePort()]);
    const aws = awsAccess(`http://127.0.0.1:${port}`);
    const recordedResources = join(folder, 'recorded-resources.jsonl');
    const container = `http://127.0.0.1:${containerPort}`;
    const sagemaker = onStop(await startSageMakerRuntime({ container, recordedResources, aws }));

    log('starting the local AWS and Redis, synthesizing the template');
    const redis = await startRedis(folder);
    const control = onStop(await startTwinControl({ folder, redis, sagemaker }));
    const cache = await startUpstashRestFront({ redisPort: redis.port, token: cacheToken });
    running.push(cache.close);
    const settings = {
      gpu: 'on',
      gpuImage: 'murmuration-gpu:twin',
      cacheUrl: cache.url,
      cacheTokenParameter,
      webhookSecretParameter,
      // Receivers are on this machine
      webhookReach: 'network',
      apiReach: 'network',
      api: 'keys',
      ...options.settings,
    };
    const assembly = { folder: join(folder, 'cdk.out'), logFile: join(folder, 'cdk.log') };
    const handlerEnvironment = { AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME: sagemaker.url };
    await Promise.all([
      startMiniStack({ folder, port, recordedResources, handlerEnvironment }).then(onStop),
      synthesize(assembly, settings),
    ]);
    const parameters = new SSMClient(aws);
    for (const [Name, Value] of [
      [cacheTokenParameter, cacheToken],
      [webhookSecretParameter, webhookSecret],
    ] as const) {
      await parameters.send(new PutParameterCommand({ Name, Value, Type: 'SecureString' }));
    }

    log('deploying it');
    const environment = awsEnvironment(aws);
    const { endpointName, ...outputs } = outputsOf(await deploy(assembly, environment));
    log("starting the GPU endpoint's server on the processor");
    const { containerEnvironment } = (await recordedEndpoint(recordedResources, endpointName))!;
    onStop(
      await startContainer({
        folder,
        port: containerPort,
        containerEnvironment,
        awsEnvironment: environment,
      }),
    );
    const { endpoint } = aws;
    const state = {
      pid: process.pid,
      control: control.url,
      endpoint,
      cache: { url: cache.url, token: cacheToken },
      webhookSecret,
      settings,
      folder,
      outputs,
    };
    return { state, asked: control.asked, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function outputsOf(
  stacks: Record<string, Record<string, string>>,
): TwinState['outputs'] & { endpointName: string } {
  const all = Object.assign({}, ...Object.values(stacks)) as Record<string, string>;
  const output = (name: string) => {
    const value = all[name];
    if (value === undefined) throw new Error(`the stacks have no output ${name}, only ${Object.keys(all)}`);
    return value;
  };
  return {
    endpointName: output('EndpointName'),
    apiUrl: output('ApiUrl'),
    apiTable: output('ApiTableName'),
    removalMachine: output('RemovalMachineArn'),
    sweeper: output('SweeperFunctionName'),
    realtimeUrl: output('RealtimeUrl'),
    bucket: output('BucketName'),
    stateMachine: output('StateMachineArn'),
    splitter: output('SplitterFunctionName'),
    transcribeCpu: output('TranscribeCpuFunctionName'),
    aggregator: output('AggregatorFunctionName'),
    dispatcher: output('DispatcherFunctionName'),
    callback: output('CallbackFunctionName'),
    successTopic: output('SuccessTopicArn'),
  };
}
