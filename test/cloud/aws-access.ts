/** How SDK clients of this process reach the local AWS; keys and region are those of every twin. */
export interface AwsAccess {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

export const awsAccess = (endpoint: string): AwsAccess => ({
  endpoint,
  region: 'us-east-1',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
});

/** The same for other processes: SDKs and the CDK read it from their environment. */
export const awsEnvironment = ({ endpoint, region, credentials }: AwsAccess): Record<string, string> => ({
  AWS_ACCESS_KEY_ID: credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  AWS_REGION: region,
  AWS_ENDPOINT_URL: endpoint,
  // Without it the CDK puts the bucket's name before 127.0.0.1.
  AWS_ENDPOINT_URL_S3: endpoint,
});
