import { MurmurationError } from '@murmuration/pipeline/errors';
import type { Place } from '../places.ts';

/**
 * A body as it arrives, and no more of it than `mostBytes`. Throws `body-too-large`, `aborted` where it breaks off, and
 * `rate-limited` where its place went to another.
 */
export async function* bodyChunks(
  request: Request,
  mostBytes: number,
  place?: Place | undefined,
): AsyncGenerator<Uint8Array> {
  const announced = Number(request.headers.get('content-length') ?? 0);
  if (announced > mostBytes) throw tooLarge(mostBytes);
  if (request.body === null) return;
  let sizeBytes = 0;
  const reader = request.body.getReader();
  const given = place && givenAway(place.signal);
  try {
    while (true) {
      const next = reader.read().catch((cause: unknown) => {
        throw new MurmurationError('aborted', 'the body broke off: send it again', { cause });
      });
      const { done, value } = await (given ? Promise.race([given, next]) : next);
      if (done) return;
      sizeBytes += value.byteLength;
      place?.received(value.byteLength);
      if (sizeBytes > mostBytes) throw tooLarge(mostBytes);
      yield value;
    }
  } finally {
    reader.releaseLock();
  }
}

/** Not told by cancelling the body: that closes the connection, and with it the way of the answer. */
function givenAway(signal: AbortSignal): Promise<never> {
  const given = new Promise<never>((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  // It may come between two chunks
  given.catch(() => undefined);
  return given;
}

export function tooLarge(mostBytes: number): MurmurationError {
  const size = `${Number((mostBytes / (1 << 20)).toPrecision(3))} MiB`;
  return new MurmurationError(
    'body-too-large',
    `the request is larger than ${size}: send the recording to POST /v1/uploads, or its address as file_url to POST /v1/jobs`,
    { details: { param: 'file', mostBytes } },
  );
}
