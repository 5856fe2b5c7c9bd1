import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Config } from '../../cdk/config.ts';
import { readConfig } from '../../cdk/read-config.ts';

const names = Object.keys(Config.shape) as (keyof Config)[];

describe('settings', () => {
  it('have defaults that cost nothing while idle', () => {
    expect(readConfig({})).toMatchObject({
      name: 'murmuration',
      gpu: 'off',
      gpuMinInstances: 0,
      vpc: 'none',
      kms: 'off',
    });
  });

  it('are text on the command line and numbers in cdk.json', () => {
    expect(readConfig({ gpuMaxInstances: '4', concurrency: 7, uploadSuffixes: '.mp3,.wav' })).toMatchObject({
      gpuMaxInstances: 4,
      concurrency: 7,
      uploadSuffixes: ['.mp3', '.wav'],
    });
  });

  it('may be an object in text', () => {
    const vpc = { id: 'vpc-0a', availabilityZones: ['eu-west-1a'], privateSubnetIds: ['subnet-0b'] };
    expect(readConfig({ vpc: JSON.stringify(vpc) }).vpc).toEqual(vpc);
    const gpuEnvironment = { CUDA_GRAPHS: 'off', MOST_SEGMENTS: 32 };
    expect(readConfig({ gpuEnvironment: JSON.stringify(gpuEnvironment) })).toMatchObject({ gpuEnvironment });
  });

  it("leave CDK's own context alone", () => {
    expect(
      readConfig({ '@aws-cdk/aws-iam:minimizePolicies': true, 'aws:cdk:bundling-stacks': [] }).name,
    ).toBe('murmuration');
  });
});

describe('a wrong setting is named with its value and what it must be:', () => {
  it.each([
    [{ gpuMaxInstances: 'many' }, /gpuMaxInstances is "many": it must be a whole number from 1 to 100/],
    [{ concurrency: 0 }, /concurrency is 0: it must be a whole number of batches/],
    [
      { logRetentionDays: 8 },
      /logRetentionDays is 8: it must be a number of days that CloudWatch knows: 1, 3/,
    ],
    [{ alarmEmail: 'me' }, /alarmEmail is "me": it must be the e-mail address/],
    [{ cacheUrl: 'redis://x' }, /cacheUrl is "redis:\/\/x": it must be the REST URL/],
    [{ vpc: 'vpc-1' }, /vpc is "vpc-1": it must be "none" or \{"id"/],
    [{ vpc: '{broken' }, /vpc is "\{broken": it must be "none" or/],
    [{ gpuEnvironment: { MOST_SEGMENTS: 129 } }, /gpuEnvironment is \{"MOST_SEGMENTS":129\}: it must be an/],
    [{ gpuEnvironment: '{"BUCKET":"b"}' }, /it must be an object of MOST_SEGMENTS \(1 to 128\), SESS/],
    [{ kms: 'mine' }, /kms is "mine": it must be "off"/],
    [{ gpuImage: 'no-tag', gpu: 'on' }, /gpuImage is "no-tag": it must be an image of this account's ECR/],
    [{ uploadSuffixes: 'mp3' }, /uploadSuffixes is "mp3": it must be endings of media files/],
    [{ gpuMaxInstance: 3 }, /gpuMaxInstance is not a setting: did you mean gpuMaxInstances\?/],
    [{ flavour: 'sweet' }, /flavour is not a setting: there are: name, model/],
    [{ gpu: 'on' }, /gpu is "on" but gpuImage is not set: push the image/],
    [{ gpuMinInstances: 3 }, /gpuMinInstances is 3, more than gpuMaxInstances, 2/],
    [{ cacheUrl: 'https://a.b' }, /cacheUrl is "https:\/\/a.b" with 0 tokens: set either/],
    [{ cacheTokenParameter: '/a' }, /cacheTokenParameter is set but cacheUrl is not: set cacheUrl/],
  ])('%j', (context, words) => {
    expect(() => readConfig(context)).toThrow(words);
  });

  it('all of them at once', () => {
    expect(() => readConfig({ gpu: 'maybe', concurrency: -1 })).toThrow(
      /gpu is "maybe"[\s\S]*concurrency is -1/,
    );
  });

  it('whatever stands where', () => {
    const anything = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null), fc.object());
    fc.assert(
      fc.property(fc.constantFrom(...names), anything, (name, value) => {
        try {
          readConfig({ [name]: value });
        } catch (error) {
          expect(String(error)).toContain(name);
          expect(String(error)).toMatch(/it must be|is not set|set cacheUrl|with 0 tokens|lower the one/);
        }
      }),
      { numRuns: 300 },
    );
  });
});
