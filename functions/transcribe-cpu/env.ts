import { CacheEnvironment, DoorEnvironment } from '@murmuration/pipeline/environment';
import { z } from 'zod';

export const TranscribeCpuEnv = DoorEnvironment.extend({
  ...CacheEnvironment.shape,
  /** Folder with manifest.json, graph and tokenizer.json. */
  MODEL_FOLDER: z.string().default('/opt/models/whisper-tiny.en-int8'),
  /** @default as many as the machine has */
  THREADS: z.coerce.number().int().positive().optional(),
});
/** As a stack sets them. */
export type TranscribeCpuEnv = z.input<typeof TranscribeCpuEnv>;
