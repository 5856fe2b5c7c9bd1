import type { Duration, Size } from 'aws-cdk-lib';
import type { IVpc } from 'aws-cdk-lib/aws-ec2';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IStringParameter } from 'aws-cdk-lib/aws-ssm';
import type { Construct } from 'constructs';
import type { RepositoryImage } from './cpu-lane.ts';
import type { GpuEnvironment } from './gpu-environment.ts';
import type { TranscriptCacheProps } from './transcript-cache.ts';

/** The lane on a GPU of SageMaker. */
export interface GpuProps {
  /** Built from functions/transcribe-gpu. */
  readonly image: RepositoryImage;
  /** @default 'ml.g6.xlarge' */
  readonly instanceType?: string;
  /** Of the instance's system. @default the one whose driver the image's CUDA 13 needs */
  readonly amiVersion?: string;
  /** @default 0, which costs nothing while idle */
  readonly minInstances?: number;
  /** @default 2 */
  readonly maxInstances?: number;
  /** Requests that one instance works on at once. @default 8 */
  readonly concurrency?: number;
  /** After so long a batch goes to the CPU lane. @default 15 minutes */
  readonly timeout?: Duration;
  /** Of the container: functions/transcribe-gpu/README.md. @default its own */
  readonly environment?: GpuEnvironment;
  /** A folder of the kit's bucket that holds the model. @default it is inside the image */
  readonly modelPrefix?: string;
}

/** Where each part is made, so that one app can spread the kit over several stacks. */
export interface TranscriptionScopes {
  readonly storage: Construct;
  readonly inference: Construct;
  readonly pipeline: Construct;
  readonly observability: Construct;
}

export interface TranscriptionProps {
  /** Names alarms, the dashboard and the endpoint: another one for each kit of an account. @default 'murmuration' */
  readonly name?: string;
  /** Id of the model, in models/artifacts or inside the images. @default 'whisper-tiny.en-int8' */
  readonly model?: string;
  /** Of the CPU lane. @default 3008 MiB */
  readonly cpuMemory?: Size;
  /** For a model that Lambda's layers cannot hold. @default the model comes as a layer */
  readonly cpuImage?: RepositoryImage | undefined;
  /** @default the CPU lane alone */
  readonly gpu?: GpuProps | undefined;
  /** Batches of one job at once. @default 40 */
  readonly concurrency?: number;
  /** Past so many dead batches a job fails instead of having gaps. @default 100 */
  readonly toleratedFailurePercentage?: number;
  /** Before the first retry. @default 2 seconds */
  readonly retryInterval?: Duration;
  /** How long working files are kept; uploads and transcripts stay. @default 7 days */
  readonly retention?: Duration;
  /** @default one month */
  readonly logRetention?: RetentionDays;
  /** Endings of media files that start a job. */
  readonly uploadSuffixes: readonly string[];
  /** @default no cache */
  readonly cache?: TranscriptCacheProps | undefined;
  /** @default the services' own keys */
  readonly encryptionKey?: IKey | undefined;
  /** @default none */
  readonly vpc?: IVpc | undefined;
  /** Signs webhooks: a SecureString. @default no webhooks are told */
  readonly webhookSecret?: IStringParameter | undefined;
  /** Where receivers of webhooks may be. @default 'public' */
  readonly webhookReach?: 'public' | 'network' | undefined;
  /** Where alarms are told; must let cloudwatch.amazonaws.com publish. @default nowhere */
  readonly alarmTopic?: ITopic | undefined;
  /** Alarms link to its headings. @default 'cdk/README.md' */
  readonly runbookUrl?: string;
  /** @default all parts inside this construct */
  readonly scopes?: TranscriptionScopes;
}
