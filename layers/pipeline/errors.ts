/** What went wrong, as a word that programs can switch on. Exit codes and retries hang on it: see `errorPolicy`. */
export type ErrorCode = keyof typeof errorPolicy;

/**
 * One row per code: the exit code of the command line, the HTTP status of the API, and whether trying the same
 * message again can help.
 */
export const errorPolicy = {
  internal: { exitCode: 1, httpStatus: 500, retryable: false },
  'invalid-argument': { exitCode: 2, httpStatus: 400, retryable: false },
  'file-not-found': { exitCode: 3, httpStatus: 404, retryable: false },
  'media-unreadable': { exitCode: 4, httpStatus: 415, retryable: false },
  'media-empty': { exitCode: 4, httpStatus: 422, retryable: false },
  'media-truncated': { exitCode: 5, httpStatus: 422, retryable: false },
  'audio-invalid': { exitCode: 6, httpStatus: 422, retryable: false },
  'audio-too-long': { exitCode: 6, httpStatus: 413, retryable: false },
  'model-not-found': { exitCode: 7, httpStatus: 404, retryable: false },
  'model-corrupt': { exitCode: 7, httpStatus: 500, retryable: false },
  'language-unknown': { exitCode: 8, httpStatus: 400, retryable: false },
  'output-unwritable': { exitCode: 9, httpStatus: 500, retryable: false },
  'dependency-missing': { exitCode: 10, httpStatus: 500, retryable: false },
  'out-of-memory': { exitCode: 11, httpStatus: 503, retryable: true },
  'store-unavailable': { exitCode: 13, httpStatus: 503, retryable: true },
  'receiver-unavailable': { exitCode: 13, httpStatus: 502, retryable: true },
  'key-refused': { exitCode: 12, httpStatus: 401, retryable: false },
  'rate-limited': { exitCode: 12, httpStatus: 429, retryable: true },
  'budget-spent': { exitCode: 12, httpStatus: 429, retryable: false },
  'body-too-large': { exitCode: 12, httpStatus: 413, retryable: false },
  'not-found': { exitCode: 12, httpStatus: 404, retryable: false },
  'method-unknown': { exitCode: 12, httpStatus: 405, retryable: false },
  conflict: { exitCode: 12, httpStatus: 409, retryable: false },
  aborted: { exitCode: 130, httpStatus: 499, retryable: false },
} as const satisfies Record<string, { exitCode: number; httpStatus: number; retryable: boolean }>;

/** Of a word that comes from elsewhere. */
export function isErrorCode(word: string): word is ErrorCode {
  return Object.hasOwn(errorPolicy, word);
}

/** The one error of the kit. Messages are lower case and say what, the value, and what to do. */
export class MurmurationError extends Error {
  override readonly name = 'MurmurationError';
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    code: ErrorCode,
    message: string,
    options: { details?: Record<string, unknown>; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details ?? {};
  }

  get retryable(): boolean {
    return errorPolicy[this.code].retryable;
  }
}

/** Throws `aborted` with `message` once the signal was given. */
export function throwIfAborted(signal: AbortSignal | undefined, message: string): void {
  if (signal?.aborted) throw new MurmurationError('aborted', message, { cause: signal.reason });
}

/** What the system calls a failure, such as ENOENT; undefined where it was not the system's. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}
