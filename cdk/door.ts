import { fileURLToPath } from 'node:url';
import { type Duration, RemovalPolicy, Size } from 'aws-cdk-lib';
import type { IVpc } from 'aws-cdk-lib/aws-ec2';
import { ManagedPolicy, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Runtime, Tracing } from 'aws-cdk-lib/aws-lambda';
import { NodejsFunction, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import type { FileLayer } from './file-layer.ts';
import { SettingError } from './setting-error.ts';

/** What all doors of one deployment share. */
export interface DoorSettings {
  readonly logRetention: RetentionDays;
  /** @default none: no door needs one, and a NAT gateway costs more than all the rest */
  readonly vpc?: IVpc | undefined;
  /** Where metrics go in CloudWatch. */
  readonly metricsNamespace: string;
}

export interface DoorProps extends DoorSettings {
  /** Its folder under functions/. */
  readonly door: string;
  readonly description: string;
  readonly memory: Size;
  readonly timeout: Duration;
  readonly environment: Readonly<Record<string, string>>;
  /** @default none */
  readonly layers?: readonly FileLayer[];
  /** Where events go that it could not take, for a door that is called without waiting. @default none */
  readonly deadLetters?: Queue;
}

/** Lambda's limit for code and layers together once unpacked. */
const UNPACKED_LIMIT = Size.mebibytes(250);
/** For the bundle itself. */
const BUNDLE_ALLOWANCE = Size.mebibytes(5);

const root = fileURLToPath(new URL('..', import.meta.url));

/** A function of functions/: bundled, logged for a limited time, traced, and on x86_64. */
export class Door extends NodejsFunction {
  constructor(scope: Construct, id: string, props: DoorProps) {
    const { door, description, memory, timeout, layers = [], vpc, deadLetters } = props;
    assertFits(door, layers);
    const logGroup = new LogGroup(scope, `${id}Logs`, {
      retention: props.logRetention,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    super(scope, id, {
      role: doorRole(scope, `${id}Role`, logGroup, vpc),
      entry: `${root}functions/${door}/main.ts`,
      projectRoot: root,
      depsLockFilePath: `${root}package-lock.json`,
      description,
      runtime: Runtime.NODEJS_24_X,
      // onnxruntime aborts on Lambda's arm64
      architecture: Architecture.X86_64,
      memorySize: memory.toMebibytes(),
      timeout,
      layers: [...layers],
      ...(deadLetters === undefined ? {} : { deadLetterQueue: deadLetters }),
      tracing: Tracing.ACTIVE,
      logGroup,
      ...(vpc === undefined ? {} : { vpc }),
      environment: { METRICS_NAMESPACE: props.metricsNamespace, ...props.environment },
      bundling: {
        // A layer's packages are found by `require` alone, so bundles are CommonJS, which has no `import.meta`
        format: OutputFormat.CJS,
        banner: "const bundleUrl = require('node:url').pathToFileURL(__filename).href;",
        define: { 'import.meta.url': 'bundleUrl' },
        externalModules: ['onnxruntime-node', 'node-av'],
        target: 'node24',
        minify: true,
        keepNames: true,
      },
    });
  }
}

/** May write to its own logs and no other: AWS's managed policy allows all of the account. */
export function doorRole(scope: Construct, id: string, logGroup: LogGroup, vpc: IVpc | undefined): Role {
  const inVpc = ManagedPolicy.fromAwsManagedPolicyName('service-role/AWSLambdaVPCAccessExecutionRole');
  const role = new Role(scope, id, {
    assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    managedPolicies: vpc === undefined ? [] : [inVpc],
  });
  logGroup.grantWrite(role);
  return role;
}

/** Throws where a door's layers do not fit into a Lambda. */
function assertFits(door: string, layers: readonly FileLayer[]): void {
  const bytes = layers.reduce((sum, layer) => sum + layer.sizeBytes, 0) + BUNDLE_ALLOWANCE.toBytes();
  if (bytes <= UNPACKED_LIMIT.toBytes()) return;
  throw new SettingError(
    `the layers of "${door}" take ${Math.ceil(bytes / 2 ** 20)} MiB unpacked, Lambda takes ${UNPACKED_LIMIT.toMebibytes()} MiB: use a smaller model, or set cpuImage to a container image that holds it`,
  );
}
