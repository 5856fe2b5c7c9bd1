import { buffer } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import type { RangeSource } from '@murmuration/pipeline/ports';
import { type HttpGetOptions, type HttpGetter, TooSlow } from './http-get.ts';

/** Waits before the second and third try. */
const PAUSES_SECONDS = [0.5, 2];

export interface HttpRangeSourceOptions {
  readonly name: string;
  /** After redirects. */
  readonly url: URL;
  readonly sizeBytes: number;
  readonly etag: string | undefined;
  readonly getter: HttpGetter;
  readonly limits: Pick<HttpGetOptions, 'reach' | 'timeoutSeconds' | 'pace'>;
}

/** An http(s) address whose server answered a range. Tries again what may pass; throws plain errors. */
export function httpRangeSource({
  name,
  url,
  sizeBytes,
  etag,
  getter,
  limits,
}: HttpRangeSourceOptions): RangeSource {
  // A weak tag does not promise the same bytes
  const sameFile: Record<string, string> = etag?.startsWith('"') ? { 'if-range': etag } : {};

  async function readOnce(start: number, end: number, signal: AbortSignal | undefined): Promise<Buffer> {
    const headers = { range: `bytes=${start}-${end - 1}`, ...sameFile };
    const { response } = await getter.get(url, { ...limits, headers, signal });
    const expected = `bytes ${start}-${end - 1}/${sizeBytes}`;
    if (response.statusCode !== 206 || response.headers['content-range'] !== expected) {
      response.destroy();
      const status = response.statusCode ?? 0;
      // 200 and another total say that the file is no longer the one we began with
      if (status === 200 || status === 206) throw new Final('the file changed while it was read');
      if (status < 500 && status !== 429 && status !== 408)
        throw new Final(`the server answered HTTP ${status}`);
      throw new Error(`the server answered HTTP ${status}`);
    }
    const bytes = await buffer(response);
    if (bytes.length !== end - start) throw new Error(`${bytes.length} of ${end - start} bytes came`);
    return bytes;
  }

  return {
    name,
    sizeBytes,
    async read(start, end, signal) {
      for (const pauseSeconds of PAUSES_SECONDS) {
        try {
          return await readOnce(start, end, signal);
        } catch (error) {
          if (error instanceof Final || error instanceof TooSlow || signal?.aborted) throw error;
          await setTimeout(pauseSeconds * 1_000, undefined, signal && { signal });
        }
      }
      return readOnce(start, end, signal);
    },
  };
}

/** What no second try would change. */
class Final extends Error {}
