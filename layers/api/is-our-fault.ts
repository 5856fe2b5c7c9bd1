import { errorPolicy, MurmurationError } from '@murmuration/pipeline/errors';

/** Whether whoever runs the server should see it, and not only who asked. */
export function isOurFault(error: unknown): boolean {
  return !(error instanceof MurmurationError) || errorPolicy[error.code].httpStatus >= 500;
}
