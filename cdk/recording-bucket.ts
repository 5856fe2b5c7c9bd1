import { keys } from '@murmuration/pipeline/keys';
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  type CfnBucket,
  HttpMethods,
  type IBucket,
  type LifecycleRule,
} from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';

export interface RecordingBucketProps {
  /** How long working files (jobs/, async/) are kept. */
  readonly retention: Duration;
  /** How long access logs are kept. */
  readonly logRetention: Duration;
  /** @default S3's own keys */
  readonly encryptionKey?: IKey | undefined;
}

/** The one bucket: uploads come in, working files expire, transcripts stay. Everything in it is private and encrypted. */
export class RecordingBucket extends Construct {
  readonly bucket: IBucket;
  private readonly own: Bucket;
  private readonly encryptionKey: IKey | undefined;

  constructor(
    scope: Construct,
    id: string,
    { retention, logRetention, encryptionKey }: RecordingBucketProps,
  ) {
    super(scope, id);
    this.encryptionKey = encryptionKey;
    const shared = {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      // Recordings and transcripts outlive a `cdk destroy`
      removalPolicy: RemovalPolicy.RETAIN,
    };
    const accessLogs = new Bucket(this, 'AccessLogs', {
      ...shared,
      // S3 cannot write its logs into a bucket that another key encrypts
      encryption: BucketEncryption.S3_MANAGED,
      lifecycleRules: [expire('expire-logs', '', logRetention)],
    });
    const bucket = new Bucket(this, 'Recordings', {
      ...shared,
      ...(encryptionKey === undefined
        ? { encryption: BucketEncryption.S3_MANAGED }
        : { encryption: BucketEncryption.KMS, encryptionKey, bucketKeyEnabled: true }),
      serverAccessLogsBucket: accessLogs as IBucket,
      serverAccessLogsPrefix: 'recordings/',
      lifecycleRules: [
        expire('expire-jobs', keys.jobsPrefix, retention),
        expire('expire-async', 'async/', retention),
        // An execution has a day, and a call of Lambda that is tried again 6 hours
        expire('expire-removed', keys.removedPrefix, Duration.days(2)),
        { id: 'abort-uploads', abortIncompleteMultipartUploadAfter: Duration.days(1) },
      ],
    });
    // Not `eventBridgeEnabled`: that adds a Lambda of CDK's own with rights on every bucket
    (bucket.node.defaultChild as CfnBucket).notificationConfiguration = {
      eventBridgeConfiguration: { eventBridgeEnabled: true },
    };
    this.own = bucket;
    this.bucket = bucket as IBucket;
  }

  /** Lets pages of any origin send what they have a signed address for: without one S3 takes nothing from anybody. */
  allowUploadsOfPages(): void {
    this.own.addCorsRule({
      allowedMethods: [HttpMethods.PUT],
      allowedOrigins: ['*'],
      allowedHeaders: ['*'],
      exposedHeaders: ['ETag'],
      maxAge: Duration.hours(1).toSeconds(),
    });
  }

  /** For what is copied before it is used, and cannot be used later. */
  expireUnder(prefix: string, after: Duration): void {
    this.own.addLifecycleRule(expire(`expire-${prefix.split('/').filter(Boolean).join('-')}`, prefix, after));
  }

  /** Lets people and programs bring recordings. */
  grantUpload(grantee: IGrantable): Grant {
    return this.grantWriteUnder(grantee, [keys.uploadsPrefix]);
  }

  /** Lets people and programs fetch transcripts. */
  grantReadTranscripts(grantee: IGrantable): Grant {
    return this.grantReadUnder(grantee, [keys.transcriptsPrefix]);
  }

  /** Objects under `prefixes`; with listing, since without it S3 says "forbidden" of an object that is not there. */
  grantReadUnder(grantee: IGrantable, prefixes: readonly string[]): Grant {
    this.encryptionKey?.grantDecrypt(grantee);
    const list = Grant.addToPrincipal({
      grantee,
      actions: ['s3:ListBucket'],
      resourceArns: [this.bucket.bucketArn],
    });
    return list.combine(this.grantObjects(grantee, ['s3:GetObject'], prefixes));
  }

  grantWriteUnder(grantee: IGrantable, prefixes: readonly string[]): Grant {
    // Multipart uploads under KMS decrypt their parts
    this.encryptionKey?.grantEncryptDecrypt(grantee);
    return this.grantObjects(grantee, ['s3:PutObject', 's3:AbortMultipartUpload'], prefixes);
  }

  grantRemoveUnder(grantee: IGrantable, prefixes: readonly string[]): Grant {
    return this.grantObjects(grantee, ['s3:DeleteObject'], prefixes);
  }

  private grantObjects(grantee: IGrantable, actions: string[], prefixes: readonly string[]): Grant {
    const resourceArns = prefixes.map((prefix) => this.bucket.arnForObjects(`${prefix}*`));
    return Grant.addToPrincipal({ grantee, actions, resourceArns });
  }
}

function expire(id: string, prefix: string, expiration: Duration): LifecycleRule {
  return prefix === '' ? { id, expiration } : { id, prefix, expiration };
}
