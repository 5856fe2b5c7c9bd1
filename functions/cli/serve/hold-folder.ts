import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, realpath, rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { whileHolding } from '@murmuration/api/adapters/hold-file';
import { MurmurationError, systemCode } from '@murmuration/pipeline/errors';

/** What an address of a socket may have on macOS, with its zero; on Linux 4 more. */
const LONGEST_BYTES = 104;

/**
 * Keeps other servers out of a data folder, by a socket in it on which this process listens: of a process that was killed
 * nobody listens any more. Answers what lets go. Throws `invalid-argument` while another holds the folder, `store-unavailable`.
 */
export async function holdFolder(folder: string): Promise<() => Promise<void>> {
  const place = await placeOf(folder);
  const server = (await tryListen(place)) ?? (await takeOver(place));
  if (server === undefined) {
    throw new MurmurationError(
      'invalid-argument',
      `"${folder}" is in use by another "murmuration serve": end it, or choose another folder with --data`,
    );
  }
  server.unref();
  return async () => {
    // Takes its file along
    server.close();
    await once(server, 'close');
  };
}

async function placeOf(folder: string): Promise<string> {
  const real = await mkdir(folder, { recursive: true, mode: 0o700 })
    .then(() => realpath(folder))
    .catch((cause: unknown) => {
      throw unavailable(folder, cause);
    });
  const inside = join(real, 'serve.sock');
  const name = `murmuration-${createHash('sha256').update(real).digest('hex').slice(0, 32)}`;
  if (process.platform === 'win32') return `\\\\.\\pipe\\${name}`;
  return Buffer.byteLength(inside) < LONGEST_BYTES ? inside : join(tmpdir(), `${name}.sock`);
}

/** Undefined where the place is taken, or was left behind. */
async function tryListen(place: string): Promise<Server | undefined> {
  const server = createServer((socket) => socket.destroy());
  try {
    server.listen(place);
    await once(server, 'listening');
    return server;
  } catch (cause) {
    if (systemCode(cause) === 'EADDRINUSE') return undefined;
    throw unavailable(place, cause);
  }
}

/** One after the other, so that none takes away what another has just put in the place of the dead one's. */
function takeOver(place: string): Promise<Server | undefined> {
  return whileHolding(place, async () => {
    if (await answers(place)) return undefined;
    await rm(place, { force: true });
    return tryListen(place);
  });
}

async function answers(place: string): Promise<boolean> {
  const socket = connect(place);
  try {
    await once(socket, 'connect');
    return true;
  } catch (error) {
    // What cannot be asked, such as another user's, is taken for alive
    return !['ECONNREFUSED', 'ENOENT'].includes(systemCode(error) ?? '');
  } finally {
    socket.destroy();
  }
}

function unavailable(path: string, cause: unknown): MurmurationError {
  return new MurmurationError(
    'store-unavailable',
    `cannot use "${path}" (${systemCode(cause) ?? 'unknown'}): choose another folder with --data`,
    { cause },
  );
}
