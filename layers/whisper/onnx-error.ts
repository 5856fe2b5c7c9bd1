import { MurmurationError } from '@murmuration/pipeline/errors';

/**
 * An error of onnxruntime as ours. The binding throws plain Errors without a code, so its text is all there is to tell them
 * apart: the one place of the kit that reads a message.
 */
export function onnxError(cause: unknown, doing: string): MurmurationError {
  const message = cause instanceof Error ? cause.message : String(cause);
  if (
    /out of memory|bad_?alloc|bad allocation|failed to allocate|alloc_failed|smaller than requested bytes/i.test(
      message,
    )
  ) {
    return new MurmurationError(
      'out-of-memory',
      `out of memory while ${doing}: use a smaller batch, a smaller model, or a machine with more memory`,
      { details: { doing }, cause },
    );
  }
  // An illegal memory access (CUDA 700) leaves the whole process without a usable device
  if (/CUDA(_ERROR| failure| error).*(700|illegal)|illegal memory access/i.test(message)) {
    return new MurmurationError(
      'internal',
      `the GPU failed while ${doing} and this process cannot use it again: restart the process`,
      { details: { doing, fatal: true }, cause },
    );
  }
  return new MurmurationError('internal', `onnxruntime failed while ${doing}: ${firstLine(message)}`, {
    details: { doing },
    cause,
  });
}

function firstLine(message: string): string {
  return message.split('\n', 1)[0]!.slice(0, 500);
}
