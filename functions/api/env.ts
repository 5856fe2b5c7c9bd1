import { CallerEnvironment } from '@murmuration/api/gateway-caller';
import { CacheEnvironment, DoorEnvironment } from '@murmuration/pipeline/environment';
import { z } from 'zod';

const ModelFiles = z.record(z.string().regex(/^[\w.-]+$/), z.string().min(1));

export const ApiEnv = DoorEnvironment.extend({
  ...CacheEnvironment.shape,
  ...CallerEnvironment.shape,
  /** Name of the API's table. */
  TABLE: z.string().min(3),
  STATE_MACHINE_ARN: z.string().min(1),
  /** Deletes what was still written of a job that was removed. */
  REMOVAL_MACHINE_ARN: z.string().min(1),
  /** Where the model's files lie: engine, decoder and model together are more than layers take. */
  MODEL_BUCKET: z.string().min(3),
  /** JSON: `{"manifest.json":"KEY",…}` */
  MODEL_FILES: z.string().transform((text) => ModelFiles.parse(JSON.parse(text))),
  /** Folder of @murmuration/media's scripts, which run in processes of their own. */
  MEDIA_FOLDER: z.string().optional(),
  /** Where addresses that clients send may lead. `network` only where recordings lie beside the kit. */
  FILE_REACH: z.enum(['public', 'network']).default('public'),
  /** `off`: there is no secret to sign webhooks with. */
  WEBHOOKS: z.enum(['on', 'off']).default('on'),
  /** That of the webhooks' door. */
  WEBHOOK_REACH: z.enum(['public', 'network']).default('public'),
  /** Folder of the page's files. @default that of this checkout */
  PAGE_FOLDER: z.string().optional(),
  /** Of live transcription, by wss; it has a stage of its own. Absent where there is none. */
  REALTIME_URL: z.url().optional(),
  /** Of the bucket, for a page that sends uploads there. */
  UPLOAD_ORIGIN: z.url().optional(),
  /** `keys`: ours. `gateway`: API Gateway has asked who it is. */
  AUTHENTICATION: z.enum(['keys', 'gateway']).default('keys'),
  /** Models that jobs may name are those of the pipeline. */
  MODEL_ID: z.string().min(1),
  DOLLARS_PER_AUDIO_HOUR: z.coerce.number().nonnegative().default(0),
});
/** As a stack sets them. */
export type ApiEnv = z.input<typeof ApiEnv>;
