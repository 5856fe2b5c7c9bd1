import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { synthesize } from './synthesize.ts';

describe('the bucket', () => {
  const { storage } = synthesize({ retentionDays: 3 });

  it('is private, encrypted, logged, and tells EventBridge', () => {
    storage.hasResourceProperties('AWS::S3::Bucket', {
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
      },
      LoggingConfiguration: Match.objectLike({ LogFilePrefix: 'recordings/' }),
      NotificationConfiguration: { EventBridgeConfiguration: { EventBridgeEnabled: true } },
      PublicAccessBlockConfiguration: Match.objectLike({
        BlockPublicAcls: true,
        RestrictPublicBuckets: true,
      }),
    });
  });

  it('forgets working files, and uploads that were broken off or copied, but never a transcript', () => {
    storage.hasResourceProperties('AWS::S3::Bucket', {
      LifecycleConfiguration: {
        Rules: [
          Match.objectLike({ Prefix: 'jobs/', ExpirationInDays: 3 }),
          Match.objectLike({ Prefix: 'async/', ExpirationInDays: 3 }),
          Match.objectLike({ Prefix: 'removed/', ExpirationInDays: 2 }),
          Match.objectLike({ AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } }),
          Match.objectLike({ Prefix: 'uploads/api/incoming/', ExpirationInDays: 8 }),
        ],
      },
    });
  });

  it('refuses what is not TLS', () => {
    const policies = Object.values(storage.findResources('AWS::S3::BucketPolicy'));
    expect(policies).toHaveLength(2);
    for (const policy of policies) {
      expect(JSON.stringify(policy)).toContain('"Condition":{"Bool":{"aws:SecureTransport":"false"}}');
    }
  });

  it('outlives its stack', () => {
    storage.allResources('AWS::S3::Bucket', { DeletionPolicy: 'Retain' });
  });

  it('needs no function of its own', () => {
    storage.resourceCountIs('AWS::Lambda::Function', 0);
  });
});

describe('with a key of its own', () => {
  const { storage, inference, pipeline } = synthesize({ kms: 'on' });

  it('everything that holds words or names is encrypted by it', () => {
    storage.hasResourceProperties('AWS::KMS::Key', { EnableKeyRotation: true });
    storage.hasResourceProperties('AWS::S3::Bucket', {
      BucketEncryption: { ServerSideEncryptionConfiguration: [Match.objectLike({ BucketKeyEnabled: true })] },
    });
    inference.allResourcesProperties('AWS::SNS::Topic', { KmsMasterKeyId: Match.anyValue() });
    inference.hasResourceProperties('AWS::SageMaker::EndpointConfig', {
      AsyncInferenceConfig: Match.objectLike({
        OutputConfig: Match.objectLike({ KmsKeyId: Match.anyValue() }),
      }),
      KmsKeyId: Match.absent(),
    });
    pipeline.hasResourceProperties('AWS::SQS::Queue', { KmsMasterKeyId: Match.anyValue() });
  });

  it('those who bring dead letters may use it', () => {
    storage.hasResourceProperties('AWS::KMS::Key', {
      KeyPolicy: Match.objectLike({
        Statement: Match.arrayWith([
          Match.objectLike({
            Action: ['kms:Decrypt', 'kms:GenerateDataKey*'],
            Principal: { Service: ['events.amazonaws.com', 'sns.amazonaws.com'] },
          }),
        ]),
      }),
    });
  });

  it('every door may use it', () => {
    for (const template of [inference, pipeline]) {
      for (const [name, policy] of Object.entries(template.findResources('AWS::IAM::Policy'))) {
        const text = JSON.stringify(policy);
        if (text.includes('"s3:GetObject"') || text.includes('"s3:PutObject"')) {
          expect(text, name).toContain('kms:Decrypt');
        }
      }
    }
  });
});
