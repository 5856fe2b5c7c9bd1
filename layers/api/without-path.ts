import { MurmurationError } from '@murmuration/pipeline/errors';
import type { MediaSource } from '@murmuration/pipeline/ports';

/** The same error, with what its sender calls a recording in the place of where it lies here. */
export function withoutPath(error: unknown, source: MediaSource, name: string): unknown {
  if (!(error instanceof MurmurationError) || typeof source !== 'string') return error;
  if (!error.message.includes(source)) return error;
  const { code, message, details } = error;
  return new MurmurationError(code, message.replaceAll(source, name), {
    details: { param: 'file', ...details },
    cause: error,
  });
}
