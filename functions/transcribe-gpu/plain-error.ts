import { type ErrorCode, MurmurationError } from '@murmuration/pipeline/errors';

/** An error on its way between threads. */
export interface PlainError {
  /** Undefined where it is none of ours: its words are not for strangers, and stay in the log. */
  readonly code: ErrorCode | undefined;
  readonly message: string;
  readonly details: Record<string, unknown>;
  /** Its message. */
  readonly cause?: string | undefined;
}

/** What of an error survives the way between threads. */
export function toPlain(error: unknown): PlainError {
  if (!(error instanceof MurmurationError)) {
    return { code: undefined, message: error instanceof Error ? error.message : String(error), details: {} };
  }
  const { code, message, details } = error;
  const cause = error.cause instanceof Error ? error.cause.message : undefined;
  return { code, message, details: JSON.parse(JSON.stringify(details)), cause };
}

export function fromPlain({ code, message, details, cause }: PlainError): Error {
  if (code === undefined) return new Error(message);
  return new MurmurationError(code, message, { details, ...(cause !== undefined && { cause }) });
}
