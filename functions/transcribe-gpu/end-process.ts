import { writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';

/** Long enough for the answers under way to leave. */
const LAST_WORDS_MILLISECONDS = 500;

/**
 * Ends this process with a failure, for SageMaker to start another. A thread that hangs in the GPU's driver would hold up
 * `process.exit` for ever: where `close` is not done in time, the end is that of a crash.
 */
export async function endProcess(close: () => Promise<void> | undefined): Promise<never> {
  const closed = Promise.resolve(close()).then(
    () => true,
    () => true,
  );
  const [isClosed] = await Promise.all([
    Promise.race([closed, setTimeout(LAST_WORDS_MILLISECONDS, false)]),
    setTimeout(LAST_WORDS_MILLISECONDS),
  ]);
  if (isClosed) process.exit(1);
  try {
    // No copy of gigabytes of memory beside it
    writeFileSync('/proc/self/coredump_filter', '0');
  } catch {
    // Not Linux
  }
  return process.abort();
}
