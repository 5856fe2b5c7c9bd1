import { keys } from '@murmuration/pipeline/keys';
import { Aws, Duration, RemovalPolicy } from 'aws-cdk-lib';
import { type Alarm, Metric, type MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import { type IVpc, SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import { Grant, type IGrantable, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { CfnEndpoint, CfnEndpointConfig, CfnModel } from 'aws-cdk-lib/aws-sagemaker';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import type { RepositoryImage } from './cpu-lane.ts';
import type { RecordingBucket } from './recording-bucket.ts';
import { type Signs, watch } from './watch.ts';

export interface AsyncEndpointProps {
  readonly recordings: RecordingBucket;
  readonly image: RepositoryImage;
  readonly instanceType: string;
  /** SageMaker's name for the instance's system, and so for its NVIDIA driver. */
  readonly amiVersion: string;
  /** Requests that one instance works on at once. */
  readonly concurrency: number;
  readonly minInstances: number;
  /** Of the container, beside BUCKET. */
  readonly environment: Readonly<Record<string, string>>;
  readonly logRetention: RetentionDays;
  readonly signs: Signs;
  /** @default none */
  readonly vpc?: IVpc | undefined;
  /** @default the services' own keys */
  readonly encryptionKey?: IKey | undefined;
}

/** SageMaker's name for the one kind of instance behind the endpoint. */
const VARIANT = 'main';

/**
 * An asynchronous SageMaker endpoint. Answers go to S3 under async/, notices of success and failure to two topics.
 * How many instances it has is the business of `EndpointScaling`.
 */
export class AsyncEndpoint extends Construct {
  readonly endpointName: string;
  /** The resource that Application Auto Scaling knows it by. */
  readonly scalableResource: string;
  readonly successTopic: Topic;
  readonly errorTopic: Topic;
  /** The container's rights. */
  readonly role: Role;
  readonly backlogAge: Alarm;
  private readonly endpoint: CfnEndpoint;

  constructor(scope: Construct, id: string, props: AsyncEndpointProps) {
    super(scope, id);
    const { signs } = props;
    const topic = (name: string) =>
      new Topic(this, name, {
        enforceSSL: true,
        ...(props.encryptionKey === undefined ? {} : { masterKey: props.encryptionKey }),
      });
    this.successTopic = topic('Succeeded');
    this.errorTopic = topic('Failed');
    this.role = this.createRole(props);

    const logs = new LogGroup(this, 'Logs', {
      // The name that SageMaker writes to: made before it, so that its logs expire
      logGroupName: `/aws/sagemaker/Endpoints/${signs.name}-gpu`,
      retention: props.logRetention,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.endpoint = new CfnEndpoint(this, 'Endpoint', {
      endpointName: `${signs.name}-gpu`,
      endpointConfigName: this.createConfig(props).attrEndpointConfigName,
    });
    this.endpoint.node.addDependency(logs, this.role);
    this.endpointName = this.endpoint.attrEndpointName;
    this.scalableResource = `endpoint/${this.endpointName}/variant/${VARIANT}`;

    this.backlogAge = watch(this, signs, {
      heading: 'backlog-age',
      reason: 'A batch has waited 10 minutes for the GPU: waking from zero takes 2 to 6.',
      metric: this.metricBacklogAge(),
      threshold: 600,
      periods: 2,
    });
  }

  /** Lets a door send it batches. */
  grantInvokeAsync(grantee: IGrantable): Grant {
    return Grant.addToPrincipal({
      grantee,
      actions: ['sagemaker:InvokeEndpointAsync'],
      resourceArns: [this.endpoint.ref],
    });
  }

  /** Requests that wait or are worked on, per instance. @default average over 1 minute */
  metricBacklogPerInstance(options?: MetricOptions): Metric {
    return this.metric('ApproximateBacklogSizePerInstance', { statistic: 'Average', ...options });
  }

  /** 1 while requests wait and there is no instance. @default maximum over 1 minute */
  metricHasBacklogWithoutCapacity(options?: MetricOptions): Metric {
    return this.metric('HasBacklogWithoutCapacity', { ...options });
  }

  /** Seconds that the oldest request has waited. @default maximum over 1 minute */
  metricBacklogAge(options?: MetricOptions): Metric {
    return this.metric('ApproximateAgeOfOldestRequest', { ...options });
  }

  /** Any metric of SageMaker for this endpoint. */
  metric(metricName: string, options: MetricOptions = {}, dimensions: Record<string, string> = {}): Metric {
    return new Metric({
      namespace: 'AWS/SageMaker',
      metricName,
      dimensionsMap: { EndpointName: this.endpointName, ...dimensions },
      period: Duration.minutes(1),
      statistic: 'Maximum',
      ...options,
    });
  }

  private createConfig(props: AsyncEndpointProps): CfnEndpointConfig {
    const { recordings, image, vpc, encryptionKey } = props;
    const model = new CfnModel(this, 'Model', {
      executionRoleArn: this.role.roleArn,
      primaryContainer: {
        image: image.repository.repositoryUriForTagOrDigest(image.tagOrDigest),
        environment: { BUCKET: recordings.bucket.bucketName, ...props.environment },
      },
      ...(vpc === undefined ? {} : { vpcConfig: this.createVpcConfig(vpc) }),
    });
    model.node.addDependency(this.role);
    return new CfnEndpointConfig(this, 'Config', {
      productionVariants: [
        {
          variantName: VARIANT,
          modelName: model.attrModelName,
          instanceType: props.instanceType,
          inferenceAmiVersion: props.amiVersion,
          // Before it answers /ping the container may copy gigabytes of a model, and it measures its GPU; 3,600 is the most
          containerStartupHealthCheckTimeoutInSeconds: 900,
          // SageMaker starts no endpoint with none; it is scaled in to zero afterwards
          initialInstanceCount: Math.max(1, props.minInstances),
        },
      ],
      asyncInferenceConfig: {
        clientConfig: { maxConcurrentInvocationsPerInstance: props.concurrency },
        outputConfig: {
          s3OutputPath: recordings.bucket.s3UrlForObject(keys.asyncOutputPrefix),
          s3FailurePath: recordings.bucket.s3UrlForObject(keys.asyncFailurePrefix),
          ...(encryptionKey === undefined ? {} : { kmsKeyId: encryptionKey.keyArn }),
          notificationConfig: {
            successTopic: this.successTopic.topicArn,
            errorTopic: this.errorTopic.topicArn,
          },
        },
      },
      // No key for the instance's volume: SageMaker refuses one where the disk is local, as on all GPUs, and encrypts it itself
    });
  }

  private createRole({ recordings, image, encryptionKey, signs, vpc }: AsyncEndpointProps): Role {
    const role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('sagemaker.amazonaws.com') });
    recordings.grantReadUnder(role, [keys.jobsPrefix]);
    recordings.grantWriteUnder(role, [keys.asyncOutputPrefix, keys.asyncFailurePrefix]);
    image.repository.grantPull(role);
    encryptionKey?.grantEncryptDecrypt(role);
    this.successTopic.grantPublish(role);
    this.errorTopic.grantPublish(role);
    if (vpc !== undefined) role.addToPolicy(joinVpc);
    const logs = `arn:${Aws.PARTITION}:logs:${Aws.REGION}:${Aws.ACCOUNT_ID}:log-group:/aws/sagemaker/Endpoints/${signs.name}-gpu:*`;
    role.addToPolicy(
      new PolicyStatement({
        actions: ['logs:CreateLogStream', 'logs:DescribeLogStreams', 'logs:PutLogEvents'],
        resources: [logs],
      }),
    );
    return role;
  }

  private createVpcConfig(vpc: IVpc): CfnModel.VpcConfigProperty {
    const group = new SecurityGroup(this, 'SecurityGroup', { vpc, description: 'GPU endpoint' });
    return {
      securityGroupIds: [group.securityGroupId],
      subnets: vpc.privateSubnets.map(({ subnetId }) => subnetId),
    };
  }
}

/** https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html: what a model in a VPC needs, of no resource beforehand. */
const joinVpc = new PolicyStatement({
  actions: [
    'ec2:CreateNetworkInterface',
    'ec2:CreateNetworkInterfacePermission',
    'ec2:DeleteNetworkInterface',
    'ec2:DeleteNetworkInterfacePermission',
    'ec2:DescribeDhcpOptions',
    'ec2:DescribeNetworkInterfaces',
    'ec2:DescribeSecurityGroups',
    'ec2:DescribeSubnets',
    'ec2:DescribeVpcs',
  ],
  resources: ['*'],
});
