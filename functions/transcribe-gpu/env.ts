import { z } from 'zod';

const positive = z.coerce.number().int().positive();

/** Everything that the container is told; SageMaker sets SAGEMAKER_BIND_TO_PORT by itself. */
export const Env = z.object({
  /** Where the audio of batches lies. Undefined: only audio that comes with the request is taken. */
  BUCKET: z.string().min(3).optional(),
  /** Where SageMaker lays out a model; in the image where one is baked in. */
  MODEL_FOLDER: z.string().default('/opt/ml/model'),
  /** A folder of BUCKET that holds a model: it is copied into MODEL_FOLDER at the start. */
  MODEL_PREFIX: z.string().optional(),
  PORT: positive.optional(),
  SAGEMAKER_BIND_TO_PORT: positive.optional(),
  HOST: z.string().default('0.0.0.0'),
  /** `auto`: what the model was built for. */
  PROVIDER: z.enum(['auto', 'cpu', 'cuda', 'tensorrt']).default('auto'),
  /** Undefined: 64 on a GPU, 4 on a processor. */
  MOST_SEGMENTS: positive.max(128).optional(),
  GATHER_MILLISECONDS: z.coerce.number().nonnegative().default(5),
  /** One batch may take so long. */
  LATENCY_TARGET_MILLISECONDS: positive.default(1000),
  MOST_REQUESTS: positive.default(256),
  /** 30 s of inline audio are 1.3 MB in base64. */
  MOST_BODY_BYTES: positive.default(4 * 1024 * 1024),
  REQUEST_SECONDS: positive.default(300),
  /** SageMaker kills a container 30 s after its SIGTERM. */
  DRAIN_SECONDS: positive.default(25),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
});
export type Env = z.infer<typeof Env>;
