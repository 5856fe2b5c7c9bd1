import { jobOfInference } from './inference-id.ts';

/** The job of whatever came, before anybody knows whether it is a message; undefined where it names none. */
export function jobOfMessage(message: unknown): string | undefined {
  if (typeof message !== 'object' || message === null) return undefined;
  const { jobId, inferenceId, batch, event } = message as Record<string, unknown>;
  if (typeof jobId === 'string') return jobId;
  if (typeof inferenceId === 'string') return jobOfInference(inferenceId);
  return jobOfMessage(batch ?? event);
}
