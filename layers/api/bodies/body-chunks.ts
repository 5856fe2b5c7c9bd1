import { MurmurationError } from '@murmuration/pipeline/errors';

/** A body as it arrives, and no more of it than `mostBytes`. Throws `body-too-large`, and `aborted` where it breaks off. */
export async function* bodyChunks(request: Request, mostBytes: number): AsyncGenerator<Uint8Array> {
  const announced = Number(request.headers.get('content-length') ?? 0);
  if (announced > mostBytes) throw tooLarge(mostBytes);
  if (request.body === null) return;
  let sizeBytes = 0;
  const reader = request.body.getReader();
  try {
    while (true) {
      const { done, value } = await reader.read().catch((cause: unknown) => {
        throw new MurmurationError('aborted', 'the body broke off: send it again', { cause });
      });
      if (done) return;
      sizeBytes += value.byteLength;
      if (sizeBytes > mostBytes) throw tooLarge(mostBytes);
      yield value;
    }
  } finally {
    reader.releaseLock();
  }
}

export function tooLarge(mostBytes: number): MurmurationError {
  const size = `${Number((mostBytes / (1 << 20)).toPrecision(3))} MiB`;
  return new MurmurationError(
    'body-too-large',
    `the request is larger than ${size}: send the recording to POST /v1/uploads, or its address as file_url to POST /v1/jobs`,
    { details: { param: 'file', mostBytes } },
  );
}
