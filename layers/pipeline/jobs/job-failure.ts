import type { JobFailed } from '../contract/messages.ts';
import { MurmurationError } from '../errors.ts';

/**
 * The message that ends a job, of an error that comes again however often it is tried. Throws the error where trying again
 * may help, and where it is none of ours.
 */
export function jobFailure(error: unknown, job: { jobId?: string; sourceKey: string }): JobFailed {
  if (!(error instanceof MurmurationError) || error.retryable) throw error;
  return { kind: 'job-failed', ...job, code: error.code, reason: error.message };
}
