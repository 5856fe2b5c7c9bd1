import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { MurmurationError } from '@murmuration/pipeline/errors';
import type { RangeSource } from '@murmuration/pipeline/ports';
import type { OpenedSource } from './opened-source.ts';

/** Seeks read little: the first window after one is small, the next ones grow. */
const FIRST_WINDOW_BYTES = 256 * 1024;
const LARGEST_WINDOW_BYTES = 4 * 1024 * 1024;

/**
 * Offers a range source to FFmpeg at an address of this machine that nobody can guess: the one way that both its
 * library and its program can seek in bytes that we fetch. Holds one window of them at a time.
 */
export async function serveRanges(
  source: RangeSource,
  signal?: AbortSignal,
  onClose: () => void = () => {},
): Promise<OpenedSource> {
  const { name, sizeBytes } = source;
  if (sizeBytes === 0) {
    onClose();
    throw new MurmurationError('media-empty', `"${name}" is empty (0 bytes): record or copy it again`, {
      details: { path: name },
    });
  }
  const secretPath = `/${randomUUID()}`;
  let broken: unknown;
  const server = createServer((request, response) => {
    if (request.url !== secretPath) return void response.writeHead(404).end();
    // FFmpeg leaves in the middle of an answer whenever it seeks
    answer(request, response).catch(() => response.destroy());
  });
  // Only the decoder's process holds the program
  server.on('connection', (socket) => socket.unref());
  server.listen(0, '127.0.0.1').unref();
  await once(server, 'listening');

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, from = '0', to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
    const start = Number(from);
    const end = Math.min(to ? Number(to) + 1 : sizeBytes, sizeBytes);
    if (start >= end) {
      return void response.writeHead(416, { 'content-range': `bytes */${sizeBytes}` }).end();
    }
    response.writeHead(206, {
      'accept-ranges': 'bytes',
      'content-length': end - start,
      'content-range': `bytes ${start}-${end - 1}/${sizeBytes}`,
    });
    await pipeline(windows(start, end), response);
  }

  async function* windows(start: number, end: number): AsyncGenerator<Uint8Array> {
    let windowBytes = FIRST_WINDOW_BYTES;
    for (let position = start; position < end; ) {
      const bytes = await read(position, Math.min(position + windowBytes, end));
      position += bytes.length;
      windowBytes = Math.min(windowBytes * 2, LARGEST_WINDOW_BYTES);
      yield bytes;
    }
  }

  async function read(start: number, end: number): Promise<Uint8Array> {
    try {
      const bytes = await source.read(start, end, signal);
      if (bytes.length === 0) throw new Error(`it gave no bytes at ${start}`);
      return bytes;
    } catch (error) {
      // FFmpeg would take it for the end of the recording
      broken ??= error;
      throw error;
    }
  }

  return {
    name,
    input: `http://127.0.0.1:${(server.address() as AddressInfo).port}${secretPath}`,
    protocols: 'http,tcp',
    bytes: { sizeBytes, read },
    whyBroken() {
      if (broken === undefined || broken instanceof MurmurationError) return broken;
      const reason = broken instanceof Error ? broken.message : String(broken);
      return new MurmurationError(
        'media-unreadable',
        `"${name}" could not be read to its end: ${reason}. try again`,
        { details: { path: name, reason }, cause: broken },
      );
    },
    async close() {
      server.close();
      server.closeAllConnections();
      onClose();
    },
  };
}
