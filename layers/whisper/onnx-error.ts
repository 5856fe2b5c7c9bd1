import { MurmurationError } from '@murmuration/pipeline/errors';

/**
 * Faults that leave the whole process without a usable device, whatever it tries next: CUDA's sticky errors (illegal memory
 * access 700, asserts, misaligned addresses, failed launches …), broken memory, and a GPU that is gone.
 */
const LOST_DEVICE =
  /CUDA(_ERROR| failure| error)\W*(46|100|2(14|20|26)|7(02|1[0-9])|700|999)\b|(illegal memory access|illegal instruction|misaligned address|device-side assert|launch failure|launch timed out|invalid program counter|hardware stack error|ECC error|NVLink error|cudaErrorIllegalAddress|CUDA-capable device\(s\) is\/are busy|no CUDA-capable device|CUBLAS_STATUS_EXECUTION_FAILED)/i;

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
  if (LOST_DEVICE.test(message)) {
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

/** The node is at its beginning, what CUDA said at its end, and long names of types between them. */
const LONGEST = 500;

function firstLine(message: string): string {
  const line = message.split('\n', 1)[0]!;
  if (line.length <= LONGEST) return line;
  return `${line.slice(0, LONGEST / 2)} … ${line.slice(-LONGEST / 2)}`;
}
