import { jobOfInference } from './inference-id.ts';

/** As far as a logger of Powertools concerns us. */
export interface JobLog {
  resetKeys(): void;
  appendKeys(keys: { readonly jobId: string }): void;
}

/** Has every line of this invocation name the job of its message, if that says which one; and none an earlier one's. */
export function logJob(logger: JobLog, message: unknown): void {
  logger.resetKeys();
  const jobId = jobOf(message);
  if (jobId !== undefined) logger.appendKeys({ jobId });
}

/** Of whatever came, before anybody knows whether it is a message. */
function jobOf(message: unknown): string | undefined {
  if (typeof message !== 'object' || message === null) return undefined;
  const { jobId, inferenceId, batch, event } = message as Record<string, unknown>;
  if (typeof jobId === 'string') return jobId;
  if (typeof inferenceId === 'string') return jobOfInference(inferenceId);
  return jobOf(batch ?? event);
}
