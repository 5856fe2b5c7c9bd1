import { createReadStream } from 'node:fs';
import { nameOf } from '@murmuration/media/open-source';
import { MurmurationError } from '@murmuration/pipeline/errors';
import type { MediaSource } from '@murmuration/pipeline/ports';

/** A recording as the command line names it. */
export interface Argument {
  /** For messages and for the names of outputs. */
  readonly name: string;
  /** Opened when its turn comes. Throws `invalid-argument` where it is a terminal. */
  open(): MediaSource;
}

/** One of this process's own open files: the decoder, a process of its own, would open its own instead. */
const OWN_FILE = /^\/(?:dev|proc\/self)\/fd\/(\d+)$/;

/**
 * A path, an address, or what is sent to this process: `-`, `/dev/stdin`, or the shell's `<(command)`. Throws
 * `invalid-argument` for an empty one, as of a shell's variable that is not set.
 */
export function openArgument(argument: string): Argument {
  if (argument.trim() === '') {
    throw new MurmurationError(
      'invalid-argument',
      `"${argument}" names no recording: give a path, an address, or - for stdin`,
    );
  }
  const number = ['-', '/dev/stdin'].includes(argument) ? '0' : OWN_FILE.exec(argument)?.[1];
  if (number === undefined) return { name: nameOf(argument), open: () => argument };
  if (number !== '0') {
    return { name: argument, open: () => createReadStream('', { fd: Number(number) }) };
  }
  return {
    name: 'stdin',
    open() {
      if (!process.stdin.isTTY) return process.stdin;
      throw new MurmurationError(
        'invalid-argument',
        'stdin is a terminal: send a recording to it, as in "murmuration transcribe - < talk.mp3"',
      );
    },
  };
}
