import { z } from 'zod';
import type { TranscribeGpuEnv } from '../functions/transcribe-gpu/env.ts';

/** Variables of the GPU lane's container that a deployment may set; functions/transcribe-gpu/README.md says what they do. */
const variables = {
  MOST_SEGMENTS: z.int().min(1).max(128),
  SESSIONS_PER_GPU: z.int().min(1).max(4),
  CUDA_GRAPHS: z.enum(['auto', 'on', 'off']),
  LATENCY_TARGET_MILLISECONDS: z.int().min(1).max(600_000),
  GPU_ARENA_MEBIBYTES: z.int().min(1).max(1_000_000),
  STALL_SECONDS: z.int().min(1).max(3600),
} satisfies Partial<Record<keyof TranscribeGpuEnv, z.ZodType>>;

export const GpuEnvironment = z.strictObject(variables).partial();
export type GpuEnvironment = z.infer<typeof GpuEnvironment>;

/** As a container takes them. */
export function environmentText(environment: GpuEnvironment): Record<string, string> {
  return Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, String(value)]));
}
