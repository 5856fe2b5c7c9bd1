import { createHttpGetter } from '@murmuration/media/http-get';
import { MurmurationError } from '@murmuration/pipeline/errors';

/** The bytes at an address within `reach`; redirects and names are followed nowhere else. */
export async function* download(
  address: URL,
  { mostBytes, reach }: { readonly mostBytes: number; readonly reach: 'public' | 'network' },
): AsyncGenerator<Uint8Array> {
  const getter = createHttpGetter();
  try {
    const { response } = await getter
      .get(address, { headers: {}, reach, timeoutSeconds: 30 })
      .catch((error: unknown) => {
        throw unreadable(address, error instanceof Error ? error.message : String(error));
      });
    if (response.statusCode !== 200) {
      response.destroy();
      throw unreadable(address, `it answers ${response.statusCode}`);
    }
    let sizeBytes = 0;
    for await (const chunk of response as AsyncIterable<Uint8Array>) {
      sizeBytes += chunk.byteLength;
      if (sizeBytes > mostBytes) {
        throw new MurmurationError(
          'body-too-large',
          `the recording at ${address.host} has more than ${mostBytes} bytes`,
          {
            details: { param: 'file_url' },
          },
        );
      }
      yield chunk;
    }
  } finally {
    getter.close();
  }
}

/** Of the address only the host: the rest may hold a secret. */
function unreadable({ host }: URL, reason: string): MurmurationError {
  return new MurmurationError(
    'invalid-argument',
    `the recording at ${host} cannot be read: ${reason}. give an address of the internet that answers with it`,
    { details: { param: 'file_url' } },
  );
}
