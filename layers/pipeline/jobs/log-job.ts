import { jobOfMessage } from './job-of-message.ts';

/** As far as a logger of Powertools concerns us. */
export interface JobLog {
  resetKeys(): void;
  appendKeys(keys: { readonly jobId: string }): void;
}

/** Has every line of this invocation name the job of its message, if that says which one; and none an earlier one's. */
export function logJob(logger: JobLog, message: unknown): void {
  logger.resetKeys();
  const jobId = jobOfMessage(message);
  if (jobId !== undefined) logger.appendKeys({ jobId });
}
