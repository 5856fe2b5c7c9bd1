import { MurmurationError } from '@murmuration/pipeline/errors';
import type { ApiPorts, JobRequest, Transcribed, TranscribingOptions } from './api-ports.ts';
import { transcribeForKey } from './transcribe-for-key.ts';

/** How a job is heard where the API runs it itself: from its upload or address, booked to its key. */
export function hearJob({
  transcriber,
  uploads,
  ledger,
}: Pick<ApiPorts, 'transcriber' | 'uploads' | 'ledger'>) {
  return async (
    { id, source, owner, key, name, model, options: { decoding, channels, preprocess, edits } }: JobRequest,
    options: TranscribingOptions,
  ): Promise<Transcribed> => {
    if (source.kind === 's3') {
      throw new MurmurationError(
        'invalid-argument',
        's3_key is of a kit in the cloud: use upload_id or file_url',
        {
          details: { param: 's3_key' },
        },
      );
    }
    const opened =
      source.kind === 'url' ? new URL(source.url) : (await uploads.open(owner, source.uploadId)).source;
    const request = { jobId: id, model, source: opened, name, decoding, channels, preprocess, edits };
    return transcribeForKey(key, request, { transcriber, ledger }, options);
  };
}
