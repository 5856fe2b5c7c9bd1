import { createHttpGetter, type Pace, strangersPace } from '@murmuration/media/http-get';
import { MurmurationError } from '@murmuration/pipeline/errors';

export interface DownloadLimits {
  readonly mostBytes: number;
  readonly reach: 'public' | 'network';
  /** @default 4 minutes: API Gateway waits 5 for an answer, and the recording is still to be looked at */
  readonly mostSeconds?: number | undefined;
  /** @default that of strangers */
  readonly pace?: Pace | undefined;
}

/** The bytes at an address within `reach`; redirects and names are followed nowhere else. Who sends slowly is not waited for. */
export async function* download(
  address: URL,
  { mostBytes, reach, mostSeconds = 240, pace = strangersPace }: DownloadLimits,
): AsyncGenerator<Uint8Array> {
  const getter = createHttpGetter();
  const late = AbortSignal.timeout(mostSeconds * 1000);
  const failure = (error: unknown): MurmurationError => {
    if (error instanceof MurmurationError) return error;
    const reason = error instanceof Error ? error.message : String(error);
    return late.aborted ? tooSlow(address, mostSeconds) : unreadable(address, reason);
  };
  try {
    const { response } = await getter.get(address, {
      ...{ headers: {}, reach, timeoutSeconds: 30, pace, signal: late },
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
  } catch (error) {
    throw failure(error);
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

function tooSlow({ host }: URL, mostSeconds: number): MurmurationError {
  return new MurmurationError(
    'invalid-argument',
    `the recording at ${host} did not come within ${mostSeconds} s: send it by POST /v1/uploads`,
    { details: { param: 'file_url' } },
  );
}
