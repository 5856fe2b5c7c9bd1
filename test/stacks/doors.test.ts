import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { cpuOnly, synthesize } from './synthesize.ts';

const { inference, pipeline } = synthesize();

describe('every door', () => {
  it.each([
    ['inference', inference, 1],
    ['pipeline', pipeline, 5],
  ])('of %s runs on x86_64 and Node 24, traced, with logs that expire', (_, template, doors) => {
    template.resourceCountIs('AWS::Lambda::Function', doors);
    template.allResourcesProperties('AWS::Lambda::Function', {
      Runtime: 'nodejs24.x',
      Architectures: ['x86_64'],
      TracingConfig: { Mode: 'Active' },
      Environment: {
        Variables: Match.objectLike({ BUCKET: Match.anyValue(), METRICS_NAMESPACE: 'Murmuration' }),
      },
      LoggingConfig: { LogGroup: Match.anyValue() },
    });
    template.allResourcesProperties('AWS::Logs::LogGroup', { RetentionInDays: 30 });
  });

  it.each([
    ['inference', inference],
    ['pipeline', pipeline],
  ])('of %s may do nothing with a whole service', (_, template) => {
    for (const policy of Object.values(template.findResources('AWS::IAM::Policy'))) {
      const statements = policy['Properties'].PolicyDocument.Statement as { Action: string | string[] }[];
      expect(
        statements.flatMap(({ Action }) => Action).filter((action) => /^[a-z0-9]+:\*$|^\*$/.test(action)),
      ).toEqual([]);
    }
  });

  it('carries the token of the cache by name alone', () => {
    inference.hasResourceProperties('AWS::Lambda::Function', {
      Environment: {
        Variables: Match.objectLike({
          CACHE_URL: 'https://example.upstash.io',
          CACHE_TOKEN_PARAMETER: '/murmuration/cache',
          CACHE_TTL_SECONDS: '2592000',
        }),
      },
    });
    expect(JSON.stringify(inference.findResources('AWS::IAM::Policy'))).toContain('ssm:GetParameter');
  });

  it('reads a secret where the token is one', () => {
    const secret = synthesize({
      ...cpuOnly,
      cacheTokenParameter: undefined,
      cacheTokenSecret: 'murmuration/cache',
    });
    expect(JSON.stringify(secret.inference.findResources('AWS::IAM::Policy'))).toContain(
      'secretsmanager:GetSecretValue',
    );
  });
});

describe('the CPU lane', () => {
  it('takes a bigger model from an image, without layers', () => {
    const image = synthesize({
      ...cpuOnly,
      model: 'whisper-large-v3-turbo-int8',
      cpuImage: 'asr:2',
      api: 'off',
      cpuMemoryMegabytes: 8000,
    });
    image.inference.hasResourceProperties('AWS::Lambda::Function', {
      PackageType: 'Image',
      Code: { ImageUri: Match.anyValue() },
      MemorySize: 8000,
      Layers: Match.absent(),
    });
  });

  it('says what to do about a model that is not there', () => {
    expect(() => synthesize({ ...cpuOnly, model: 'whisper-huge' })).toThrow(
      /no model at models\/artifacts\/whisper-huge: build it .*or set cpuImage/,
    );
  });

  it('finds its model where the layer puts it', () => {
    inference.hasResourceProperties('AWS::Lambda::Function', {
      Environment: { Variables: Match.objectLike({ MODEL_FOLDER: '/opt/models/whisper-tiny.en-int8' }) },
    });
  });
});

describe('in a VPC', () => {
  it('doors and endpoint have its subnets', () => {
    const vpc = {
      id: 'vpc-0123456789abcdef0',
      availabilityZones: ['eu-west-1a'],
      privateSubnetIds: ['subnet-0123456789abcdef0'],
    };
    const inside = synthesize({ vpc });
    for (const template of [inside.inference, inside.pipeline]) {
      template.allResourcesProperties('AWS::Lambda::Function', {
        VpcConfig: Match.objectLike({ SubnetIds: ['subnet-0123456789abcdef0'] }),
      });
    }
    inside.inference.hasResourceProperties('AWS::SageMaker::Model', {
      VpcConfig: Match.objectLike({ Subnets: ['subnet-0123456789abcdef0'] }),
    });
  });
});
