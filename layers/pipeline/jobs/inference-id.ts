import { createHash } from 'node:crypto';

/**
 * `<job>-<batch>-<attempt>`, the attempt being named by its task token: every attempt waits with a token of its own, and who
 * asks twice with the same one asks for the same inference. 64 characters at most, as SageMaker wants.
 */
export function inferenceIdOf({ jobId, index }: { jobId: string; index: number }, taskToken: string): string {
  const attempt = createHash('sha256').update(taskToken).digest('hex').slice(0, 12);
  return `${jobId}-${index}-${attempt}`;
}

/** The job of an inference; undefined where it is none of ours. */
export function jobOfInference(inferenceId: string): string | undefined {
  return /^([0-9a-f]{32})-\d{1,9}-[0-9a-f]{12}$/.exec(inferenceId)?.[1];
}
