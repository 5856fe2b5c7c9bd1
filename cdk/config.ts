import { z } from 'zod';
import { GpuEnvironment } from './gpu-environment.ts';

/** Days that CloudWatch Logs can keep a log group. */
const LOG_RETENTION_DAYS = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 3653];

/** From the command line everything is text (`-c gpuMaxInstances=4`), in cdk.json numbers are numbers. */
const number = (schema: z.ZodNumber) =>
  z.preprocess((value) => (typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value), schema);
const list = (item: z.ZodString) =>
  z.preprocess((value) => (typeof value === 'string' ? value.split(',') : value), z.array(item).min(1));
const object = <Schema extends z.ZodType>(schema: Schema) =>
  z.preprocess((value) => (typeof value === 'string' ? parsedOr(value) : value), schema);
const image = z.string().regex(/^[a-z0-9][a-z0-9._/-]*(:[\w.-]{1,128}|@sha256:[0-9a-f]{64})$/);
const IMAGE = 'an image of this account\'s ECR as "repository:tag" or "repository@sha256:digest"';

/**
 * What differs from one deployment to the next: CDK context, so `-c gpu=on` or "context" in cdk.json. Each description
 * finishes the sentence "it must be".
 */
export const Config = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,30}$/)
    .default('murmuration')
    .describe('lower case letters, digits and dashes, at most 31: stacks, alarms and metrics carry it'),
  model: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]*$/)
    .default('whisper-tiny.en-int8')
    .describe('the id of a model: a folder of models/artifacts, or the one inside cpuImage and gpuImage'),
  cpuMemoryMegabytes: number(z.int().min(1769).max(10_240))
    .default(3008)
    .describe('a whole number from 1769 (one core) to 10240; new AWS accounts may have 3008 at most'),
  cpuImage: image.optional().describe(`${IMAGE}, for models past the 250 MB of Lambda's layers`),
  gpu: z.enum(['on', 'off']).default('off').describe('"on" or "off"'),
  gpuImage: image.optional().describe(`${IMAGE}, built from functions/transcribe-gpu`),
  gpuModelPrefix: z
    .string()
    .regex(/^models\/[\w./-]+\/$/)
    .optional()
    .describe('a folder of the bucket that holds a model, such as "models/turbo-fp16/"'),
  gpuInstanceType: z
    .string()
    .regex(/^ml\.[a-z0-9-]+\.[a-z0-9]+$/)
    .default('ml.g6.xlarge')
    .describe('a SageMaker instance type such as "ml.g6.xlarge"'),
  gpuAmiVersion: z
    .string()
    .regex(/^[a-z0-9]+-ami-sagemaker-inference-gpu-[0-9-]+$/)
    .default('al2023-ami-sagemaker-inference-gpu-4-1')
    .describe('an InferenceAmiVersion of SageMaker; CUDA 13 needs one with driver 580 or newer'),
  gpuMinInstances: number(z.int().min(0).max(100))
    .default(0)
    .describe('a whole number from 0 to 100; 0 costs nothing while idle'),
  gpuMaxInstances: number(z.int().min(1).max(100)).default(2).describe('a whole number from 1 to 100'),
  gpuConcurrency: number(z.int().min(1).max(1000))
    .default(8)
    .describe('a whole number of requests that one instance takes at once, from 1 to 1000'),
  gpuTimeoutSeconds: number(z.int().min(5).max(3600))
    .default(900)
    .describe('a whole number of seconds from 5 to 3600, after which a batch goes to the CPU lane'),
  gpuEnvironment: object(GpuEnvironment)
    .default({})
    .describe(
      'an object of MOST_SEGMENTS (1 to 128), SESSIONS_PER_GPU (1 to 4), CUDA_GRAPHS ("auto", "on", "off"), LATENCY_TARGET_MILLISECONDS (up to 600000), GPU_ARENA_MEBIBYTES, STALL_SECONDS (up to 3600), such as {"CUDA_GRAPHS":"off"}',
    ),
  concurrency: number(z.int().min(1).max(1000))
    .default(40)
    .describe('a whole number of batches of one job at once, from 1 to 1000'),
  toleratedFailurePercentage: number(z.int().min(0).max(100))
    .default(100)
    .describe('a whole number from 0 to 100: past so many dead batches a job fails instead of having gaps'),
  retrySeconds: number(z.int().min(1).max(300))
    .default(2)
    .describe('a whole number of seconds before the first retry, from 1 to 300'),
  retentionDays: number(z.int().min(1).max(3650))
    .default(7)
    .describe('a whole number of days that working files are kept, from 1 to 3650'),
  logRetentionDays: number(z.int().refine((days) => LOG_RETENTION_DAYS.includes(days)))
    .default(30)
    .describe(`a number of days that CloudWatch knows: ${LOG_RETENTION_DAYS.join(', ')}`),
  uploadSuffixes: list(z.string().regex(/^\.[A-Za-z0-9]+$/))
    .default(
      '.aac .flac .m4a .mka .mkv .mov .mp3 .mp4 .mpeg .mpga .oga .ogg .opus .wav .webm .wma'.split(' '),
    )
    .describe('endings of media files such as ".mp3,.wav"'),
  alarmEmail: z.email().optional().describe('the e-mail address that alarms are sent to'),
  cacheUrl: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('the REST URL of an Upstash Redis'),
  cacheTokenParameter: z
    .string()
    .regex(/^\/[\w./-]+$/)
    .optional()
    .describe(
      'the name of a SecureString in Systems Manager that holds the token, such as "/murmuration/cache"',
    ),
  cacheTokenSecret: z
    .string()
    .regex(/^[\w/+=.@-]+$/)
    .optional()
    .describe('the name of a secret in Secrets Manager that holds the token'),
  cacheTtlDays: number(z.int().min(1).max(3650))
    .default(30)
    .describe('a whole number of days that the cache keeps a transcript, from 1 to 3650'),
  webhookSecretParameter: z
    .string()
    .regex(/^\/[\w./-]+$/)
    .optional()
    .describe(
      'the name of a SecureString in Systems Manager that signs webhooks, such as "/murmuration/webhooks"',
    ),
  webhookReach: z
    .enum(['public', 'network'])
    .default('public')
    .describe('"public" (https, on the internet) or "network" (also beside the kit, also http)'),
  api: z
    .enum(['off', 'keys', 'iam', 'jwt'])
    .default('off')
    .describe('"off", or who may call the HTTP API: "keys" (our own), "iam", or "jwt" (of apiUserPool)'),
  apiUserPool: z
    .string()
    .regex(/^arn:aws[\w-]*:cognito-idp:[\w-]+:\d{12}:userpool\/[\w-]+$/)
    .optional()
    .describe('the ARN of a Cognito user pool whose members may call the HTTP API'),
  apiReach: z
    .enum(['public', 'network'])
    .default('public')
    .describe('"public" (file_url leads into the internet) or "network" (also beside the kit)'),
  apiRequestsPerSecond: number(z.int().min(1).max(10_000))
    .default(20)
    .describe('a whole number of requests a second, of all callers together, from 1 to 10000'),
  apiCallerRequestsPerMinute: number(z.int().min(1).max(100_000))
    .default(120)
    .describe('a whole number of requests a minute, of each caller that iam or jwt names, from 1 to 100000'),
  apiCallerBudgetHours: number(z.int().min(0).max(1_000_000))
    .default(100)
    .describe('a whole number of hours of audio a month, of each caller that iam or jwt names'),
  kms: z
    .union([z.enum(['off', 'on']), z.string().regex(/^arn:aws[\w-]*:kms:[\w-]+:\d{12}:key\/[\w-]+$/)])
    .default('off')
    .describe('"off" (keys of S3), "on" (a key of your own is made) or the ARN of a key'),
  vpc: object(
    z.union([
      z.literal('none'),
      z.strictObject({
        id: z.string().regex(/^vpc-[0-9a-f]+$/),
        availabilityZones: z.array(z.string()).min(1),
        privateSubnetIds: z.array(z.string().regex(/^subnet-[0-9a-f]+$/)).min(1),
      }),
    ]),
  )
    .default('none')
    .describe('"none" or {"id":"vpc-…","availabilityZones":["…"],"privateSubnetIds":["subnet-…"]}'),
  runbookUrl: z
    .string()
    .default('cdk/README.md')
    .describe('where people find this runbook: each alarm links to a heading of it'),
});
export type Config = z.infer<typeof Config>;

function parsedOr(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
