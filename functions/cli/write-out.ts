import { MurmurationError } from '@murmuration/pipeline/errors';

/**
 * Writes to stdout and waits until it is taken, so that nothing is lost when the process ends. Throws `ReaderGone`, or
 * `output-unwritable`.
 */
export function writeOut(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (cause: NodeJS.ErrnoException | null | undefined) => {
      if (!cause) return resolve();
      reject(
        cause.code === 'EPIPE'
          ? new ReaderGone()
          : new MurmurationError(
              'output-unwritable',
              `cannot write to stdout (${cause.code}): check where it goes`,
              {
                cause,
              },
            ),
      );
    });
  });
}

/** The reader of stdout has seen enough, as `head` has: no failure, but nothing more is to be printed. */
export class ReaderGone extends Error {
  override readonly name = 'ReaderGone';
}

/** Leaves errors of stdout to `writeOut`; those of stderr have nobody left to hear them. */
export function leaveStreamErrors(): void {
  process.stdout.on('error', () => undefined);
  process.stderr.on('error', () => undefined);
}
