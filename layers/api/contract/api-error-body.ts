import { type ErrorCode, errorPolicy, MurmurationError } from '@murmuration/pipeline/errors';
import { z } from 'zod';

/** Every error of the API, in OpenAI's shape. */
export const ApiErrorBody = z.strictObject({
  error: z.strictObject({
    message: z.string(),
    type: z.string(),
    /** The parameter that was wrong, where it was one. */
    param: z.string().nullable(),
    code: z.string().nullable(),
  }),
});
export type ApiErrorBody = z.infer<typeof ApiErrorBody>;

/** OpenAI's words for what clients switch on; all other codes are ours. */
const openAiWords: Partial<Record<ErrorCode, { type?: string; code?: string }>> = {
  'key-refused': { code: 'invalid_api_key' },
  'rate-limited': { type: 'requests', code: 'rate_limit_exceeded' },
  'budget-spent': { type: 'insufficient_quota', code: 'insufficient_quota' },
  'model-not-found': { code: 'model_not_found' },
};

export interface DescribedError {
  readonly status: number;
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly retryAfterSeconds: number | undefined;
  readonly body: ApiErrorBody;
}

/** How a failure is answered. What was not written for strangers is not shown to them. */
export function describeError(error: unknown, requestId: string): DescribedError {
  const known = error instanceof MurmurationError ? error : undefined;
  const code = known?.code ?? 'internal';
  const { httpStatus: status, retryable } = errorPolicy[code];
  const words = openAiWords[code];
  const shown = known !== undefined && status < 500 ? known.message : serverMessage(known, requestId);
  const param = known?.details['param'] ?? (code === 'language-unknown' ? 'language' : null);
  const wait = known?.details['retryAfterSeconds'];
  return {
    status,
    code,
    retryable,
    retryAfterSeconds: typeof wait === 'number' ? wait : status === 503 ? 1 : undefined,
    body: {
      error: {
        message: shown,
        type: words?.type ?? (status < 500 ? 'invalid_request_error' : 'server_error'),
        param: typeof param === 'string' ? param : null,
        code: words?.code ?? code,
      },
    },
  };
}

function serverMessage(known: MurmurationError | undefined, requestId: string): string {
  if (known?.retryable) return `the server is short of something (${known.code}): send it again in a while`;
  return `something failed that is not your fault: tell whoever runs this server the request id ${requestId}`;
}
