import { CacheEnvironment, DoorEnvironment } from '@murmuration/pipeline/environment';
import { z } from 'zod';

const positive = z.coerce.number().int().positive();

/** Everything that the container is told; SageMaker sets SAGEMAKER_BIND_TO_PORT by itself. */
export const TranscribeGpuEnv = DoorEnvironment.extend({
  ...CacheEnvironment.shape,
  /** Where SageMaker lays out a model, and where the image has the one that is baked in. */
  MODEL_FOLDER: z.string().default('/opt/ml/model'),
  /** A folder of BUCKET that holds a model: it is copied into MODEL_FOLDER at the start. */
  MODEL_PREFIX: z.string().optional(),
  /** `allow`: also one whose manifest says that nobody compared its tokens with a reference's, as for a benchmark. */
  UNVERIFIED_MODELS: z.enum(['refuse', 'allow']).default('refuse'),
  /** 0: a free one, which the log names. */
  PORT: z.coerce.number().int().min(0).max(65_535).optional(),
  SAGEMAKER_BIND_TO_PORT: positive.optional(),
  HOST: z.string().default('0.0.0.0'),
  /** `auto`: a GPU where there is one and the model is built for it, else the processor. */
  PROVIDER: z.enum(['auto', 'cpu', 'cuda', 'tensorrt']).default('auto'),
  /** Of one batch. Undefined: 64 on a GPU, 4 on a processor. */
  MOST_SEGMENTS: positive.max(128).optional(),
  /** Side by side: README.md says what 2 gain. */
  SESSIONS_PER_GPU: positive.max(4).default(1),
  /** Steps of the decoder as CUDA graphs: `auto` and `on` where the model has the graphs for it. */
  CUDA_GRAPHS: z.enum(['auto', 'on', 'off']).default('auto'),
  /** Of each of a session's three graphs, for what it computes; undefined: all that is free. Only with CUDA graphs. */
  GPU_ARENA_MEBIBYTES: positive.optional(),
  GATHER_MILLISECONDS: z.coerce.number().nonnegative().default(5),
  /** One batch may take so long. */
  LATENCY_TARGET_MILLISECONDS: positive.default(1000),
  MOST_REQUESTS: positive.default(256),
  /** 30 s of inline audio are 1.3 MB in base64, a batch is 0.1 MB. */
  MOST_BODY_BYTES: positive.default(4 << 20),
  REQUEST_SECONDS: positive.default(300),
  /** A device that ends no batch for so long hangs, and the process ends. */
  STALL_SECONDS: positive.max(86_400).default(300),
  /** SageMaker kills a container 30 s after its SIGTERM. */
  DRAIN_SECONDS: positive.default(25),
});
/** As a stack sets them. */
export type TranscribeGpuEnv = z.input<typeof TranscribeGpuEnv>;
