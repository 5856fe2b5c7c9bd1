import { type ErrorCode, MurmurationError } from '@murmuration/pipeline/errors';

/** A MurmurationError on its way between threads. */
export interface PlainError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: Record<string, unknown>;
  /** Its message. */
  readonly cause?: string | undefined;
}

/** What of an error survives the way between threads. */
export function toPlain(error: unknown): PlainError {
  if (!(error instanceof MurmurationError)) {
    return { code: 'internal', message: error instanceof Error ? error.message : String(error), details: {} };
  }
  const { code, message, details } = error;
  const cause = error.cause instanceof Error ? error.cause.message : undefined;
  return { code, message, details: JSON.parse(JSON.stringify(details)), cause };
}

export function fromPlain({ code, message, details, cause }: PlainError): MurmurationError {
  return new MurmurationError(code, message, { details, ...(cause !== undefined && { cause }) });
}
