import { Match, type Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { GpuEnvironment } from '../../cdk/gpu-environment.ts';
import { TranscribeGpuEnv } from '../../functions/transcribe-gpu/env.ts';
import { cpuOnly, synthesize } from './synthesize.ts';

describe('the GPU endpoint', () => {
  const { inference, pipeline } = synthesize({ gpuConcurrency: 6, gpuMaxInstances: 5 });

  it('answers to S3 and to two topics, failures too', () => {
    inference.hasResourceProperties('AWS::SageMaker::EndpointConfig', {
      AsyncInferenceConfig: {
        ClientConfig: { MaxConcurrentInvocationsPerInstance: 6 },
        OutputConfig: {
          S3OutputPath: Match.anyValue(),
          S3FailurePath: Match.anyValue(),
          NotificationConfig: { SuccessTopic: Match.anyValue(), ErrorTopic: Match.anyValue() },
        },
      },
    });
    const text = JSON.stringify(inference.findResources('AWS::SageMaker::EndpointConfig'));
    expect(text).toContain('/async/out/');
    expect(text).toContain('/async/failed/');
  });

  it('has no instance while there is no work', () => {
    inference.hasResourceProperties('AWS::ApplicationAutoScaling::ScalableTarget', {
      MinCapacity: 0,
      MaxCapacity: 5,
      ScalableDimension: 'sagemaker:variant:DesiredInstanceCount',
      ServiceNamespace: 'sagemaker',
    });
  });

  it('follows the backlog per instance', () => {
    inference.hasResourceProperties('AWS::ApplicationAutoScaling::ScalingPolicy', {
      PolicyType: 'TargetTrackingScaling',
      TargetTrackingScalingPolicyConfiguration: Match.objectLike({
        TargetValue: 6,
        CustomizedMetricSpecification: Match.objectLike({ MetricName: 'ApproximateBacklogSizePerInstance' }),
      }),
    });
  });

  it.each([
    ['is woken from zero by work that waits', 'HasBacklogWithoutCapacity', 1, 'Maximum'],
    ['gets an instance more when segments take over 200 ms', 'SegmentLatency', 200, undefined],
  ])('%s', (_, MetricName, Threshold, Statistic) => {
    const [alarm] = Object.values(
      inference.findResources('AWS::CloudWatch::Alarm', { Properties: { MetricName } }),
    );
    expect(alarm?.['Properties']).toMatchObject({ Threshold, ...(Statistic && { Statistic }) });
    const actions = alarm?.['Properties'].AlarmActions as { Ref?: string }[];
    const policies = inference.findResources('AWS::ApplicationAutoScaling::ScalingPolicy');
    const step = actions.map(({ Ref = '' }) => policies[Ref]).find((policy) => policy !== undefined);
    expect(step?.['Properties']).toMatchObject({
      PolicyType: 'StepScaling',
      StepScalingPolicyConfiguration: {
        AdjustmentType: 'ChangeInCapacity',
        StepAdjustments: [{ MetricIntervalLowerBound: 0, ScalingAdjustment: 1 }],
      },
    });
  });

  it('may be called by the dispatcher alone, asynchronously', () => {
    const allowed = Object.entries(pipeline.findResources('AWS::IAM::Policy')).filter(([, policy]) =>
      JSON.stringify(policy).includes('sagemaker:'),
    );
    expect(allowed).toHaveLength(1);
    expect(allowed[0]?.[0]).toMatch(/^GpuLaneDispatcher/);
    expect(JSON.stringify(allowed)).toContain('"sagemaker:InvokeEndpointAsync"');
  });

  it('shares the cache of the CPU lane, and may read its model from the bucket', () => {
    const { inference } = synthesize({ gpuModelPrefix: 'models/turbo-fp16/' });
    inference.hasResourceProperties('AWS::SageMaker::Model', {
      PrimaryContainer: Match.objectLike({
        Environment: Match.objectLike({
          CACHE_TOKEN_PARAMETER: '/murmuration/cache',
          MODEL_PREFIX: 'models/turbo-fp16/',
          MODEL_FOLDER: '/tmp/model',
        }),
      }),
    });
    const [role] = Object.entries(inference.findResources('AWS::IAM::Policy')).filter(([name]) =>
      name.startsWith('GpuEndpointRole'),
    );
    expect(JSON.stringify(role)).toContain('ssm:GetParameter');
    expect(JSON.stringify(role)).toContain('/models/turbo-fp16/*');
  });

  it('works on a batch as long as the state machine waits for it, and takes what SageMaker sends', () => {
    synthesize({ gpuTimeoutSeconds: 3600, gpuConcurrency: 500 }).inference.hasResourceProperties(
      'AWS::SageMaker::Model',
      {
        PrimaryContainer: Match.objectLike({
          Environment: Match.objectLike({ REQUEST_SECONDS: '3600', MOST_REQUESTS: '1000' }),
        }),
      },
    );
  });

  it('tells its container what the deployment says, in words that it takes', () => {
    const gpuEnvironment = {
      ...{ MOST_SEGMENTS: 128, SESSIONS_PER_GPU: 4, CUDA_GRAPHS: 'on', LATENCY_TARGET_MILLISECONDS: 600_000 },
      ...{ GPU_ARENA_MEBIBYTES: 1_000_000, STALL_SECONDS: 3600 },
    };
    const text = Object.fromEntries(
      Object.entries(gpuEnvironment).map(([name, value]) => [name, `${value}`]),
    );
    synthesize({ gpuEnvironment }).inference.hasResourceProperties('AWS::SageMaker::Model', {
      PrimaryContainer: Match.objectLike({ Environment: Match.objectLike(text) }),
    });
    expect(Object.keys(gpuEnvironment)).toEqual(Object.keys(GpuEnvironment.shape));
    expect(TranscribeGpuEnv.parse({ BUCKET: 'recordings', ...text })).toMatchObject(gpuEnvironment);
  });

  it('runs on a driver that the image can use', () => {
    inference.hasResourceProperties('AWS::SageMaker::EndpointConfig', {
      ProductionVariants: [
        Match.objectLike({ InferenceAmiVersion: 'al2023-ami-sagemaker-inference-gpu-4-1' }),
      ],
    });
  });

  it('has 15 minutes to copy its model and measure its GPU', () => {
    inference.hasResourceProperties('AWS::SageMaker::EndpointConfig', {
      ProductionVariants: [Match.objectLike({ ContainerStartupHealthCheckTimeoutInSeconds: 900 })],
    });
  });

  it('may join a VPC where it is in one', () => {
    const vpc = {
      id: 'vpc-0123456789abcdef0',
      availabilityZones: ['eu-west-1a'],
      privateSubnetIds: ['subnet-0123456789abcdef0'],
    };
    const roleOf = (template: Template) =>
      Object.entries(template.findResources('AWS::IAM::Policy')).find(([id]) =>
        id.startsWith('GpuEndpointRole'),
      );
    expect(JSON.stringify(roleOf(synthesize({ vpc }).inference))).toContain('ec2:CreateNetworkInterface');
    expect(JSON.stringify(roleOf(inference))).not.toContain('ec2:');
  });

  it('starts with one instance, for SageMaker starts none with zero', () => {
    inference.hasResourceProperties('AWS::SageMaker::EndpointConfig', {
      ProductionVariants: [Match.objectLike({ InitialInstanceCount: 1, VariantName: 'main' })],
    });
  });

  it('is answered for by the callback, in the executions of the map too', () => {
    const [policy] = Object.entries(pipeline.findResources('AWS::IAM::Policy')).filter(([name]) =>
      name.startsWith('GpuLaneCallback'),
    );
    const text = JSON.stringify(policy);
    expect(text).toContain('states:SendTaskSuccess');
    expect(text).toContain('"/batches"');
  });

  it('tells the callback of both ends, and keeps what it could not tell', () => {
    const callback = { Description: Match.stringLikeRegexp('hears that an inference ended') };
    pipeline.hasResourceProperties('AWS::Lambda::Function', {
      ...callback,
      DeadLetterConfig: { TargetArn: Match.anyValue() },
    });
    pipeline.resourceCountIs('AWS::SNS::Subscription', 2);
    pipeline.allResourcesProperties('AWS::SNS::Subscription', {
      Protocol: 'lambda',
      RedrivePolicy: { deadLetterTargetArn: Match.anyValue() },
    });
  });
});

describe('without a GPU', () => {
  const { inference, pipeline } = synthesize(cpuOnly);

  it('there is nothing of SageMaker, and neither dispatcher nor callback', () => {
    const types = [inference, pipeline].flatMap((template) =>
      Object.values(template.toJSON()['Resources'] as Record<string, { Type: string }>).map(
        ({ Type }) => Type,
      ),
    );
    expect(types.filter((type) => /SageMaker|ApplicationAutoScaling|SNS::Subscription/.test(type))).toEqual(
      [],
    );
    // Splitter, aggregator, webhooks
    pipeline.resourceCountIs('AWS::Lambda::Function', 3);
  });
});
