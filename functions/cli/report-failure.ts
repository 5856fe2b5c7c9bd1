import { errorPolicy, MurmurationError } from '@murmuration/pipeline/errors';
import { CommanderError } from 'commander';
import { printable } from './printable.ts';
import { ReaderGone } from './write-out.ts';

/** Says what went wrong, in one line on stderr, and answers the exit code for it. */
export function reportFailure(error: unknown, file?: string): number {
  if (error instanceof CommanderError) {
    // Commander has printed it already; help and version arrive here too, with 0
    return error.exitCode === 0 ? 0 : errorPolicy['invalid-argument'].exitCode;
  }
  if (error instanceof ReaderGone) return 0;
  const known = error instanceof MurmurationError;
  const message = known ? error.message : `internal error: ${describe(error)}`;
  const isNamed = file === undefined || message.includes(`"${file}"`);
  writeNote(isNamed ? message : `${file}: ${message}`);
  if (process.env['MURMURATION_DEBUG'] && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  return errorPolicy[known ? error.code : 'internal'].exitCode;
}

/** One line on stderr, whatever is in it. */
export function writeNote(text: string): void {
  process.stderr.write(`murmuration: ${printable(text.trim().replace(/\s*\n\s*/g, ' '))}\n`);
}

/** Commander's complaint about the command line, as one line of ours. */
export function writeUsageError(text: string): void {
  writeNote(`${text.replace(/^error: /, '').trim()} (see --help)`);
}

function describe(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return `${text} (set MURMURATION_DEBUG=1 for more)`;
}
