import type { IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { MurmurationError } from '@murmuration/pipeline/errors';
import type { RangeSource } from '@murmuration/pipeline/ports';
import { createHttpGetter, strangersPace } from './http-get.ts';
import { httpRangeSource } from './http-range-source.ts';
import type { HttpReach } from './http-reach.ts';
import { throwIfAborted } from './media-errors.ts';

export type { HttpReach } from './http-reach.ts';

export interface OpenHttpOptions {
  /** @default 'network' */
  readonly reach?: HttpReach | undefined;
  /** Longest wait for an answer's head, or for the next bytes of its body. @default 30 */
  readonly timeoutSeconds?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export type OpenedHttp =
  | { readonly kind: 'ranges'; readonly source: RangeSource; close(): void }
  | { readonly kind: 'whole'; readonly name: string; readonly body: IncomingMessage };

/**
 * Asks an http(s) address for one byte: a server that knows ranges becomes a range source, another one's whole answer
 * is at hand. Throws `file-not-found` (404, 410), `media-empty`, `aborted`, and `media-unreadable` for all else.
 */
export async function openHttp(
  address: string | URL,
  { reach = 'network', timeoutSeconds = 30, signal }: OpenHttpOptions = {},
): Promise<OpenedHttp> {
  if (!URL.canParse(String(address))) {
    throw new MurmurationError('invalid-argument', `"${address}" is no valid address: check its spelling`);
  }
  const first = new URL(address);
  // Without the query and the password: they may be a signature
  const name = first.origin === 'null' ? first.protocol : first.origin + first.pathname;
  const getter = createHttpGetter();
  const failure = (
    code: 'file-not-found' | 'media-unreadable' | 'media-empty',
    reason: string,
    cause?: unknown,
  ) =>
    new MurmurationError(code, `cannot read "${name}": ${reason}`, {
      details: { path: name, reason },
      cause,
    });
  try {
    // Only strangers are held to a pace: who waits for a slow line of their own may
    const limits = { reach, timeoutSeconds, pace: reach === 'public' ? strangersPace : undefined };
    const options = { ...limits, headers: { range: 'bytes=0-0' }, signal };
    const { response, url } = await getter.get(first, options).catch((cause: unknown) => {
      throwIfAborted(name, signal);
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw failure('media-unreadable', `${reason}. check the address`, cause);
    });
    const status = response.statusCode ?? 0;
    const total = /^bytes 0-0\/(\d+)$/.exec(response.headers['content-range'] ?? '')?.[1];
    if (status === 206 && total !== undefined) {
      await buffer(response);
      const { etag } = response.headers;
      const source = httpRangeSource({ name, url, sizeBytes: Number(total), etag, getter, limits });
      return { kind: 'ranges', source, close: getter.close };
    }
    if (status === 200) {
      response.once('close', getter.close);
      return { kind: 'whole', name, body: response };
    }
    response.destroy();
    if (status === 416) throw failure('media-empty', 'it is empty (0 bytes). send it again');
    if (status === 404 || status === 410)
      throw failure('file-not-found', `nothing is there (HTTP ${status}). check the address`);
    if (status === 401 || status === 403)
      throw failure(
        'media-unreadable',
        `it may not be read (HTTP ${status}). check whether the link has expired`,
      );
    throw failure('media-unreadable', `the server answered HTTP ${status}. try again later`);
  } catch (error) {
    getter.close();
    throw error;
  }
}
