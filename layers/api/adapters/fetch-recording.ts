import { CopyObjectCommand, HeadObjectCommand, S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import { MurmurationError } from '@murmuration/pipeline/errors';
import type { ObjectStore } from '@murmuration/pipeline/ports';
import type { JobRequest, Uploads } from '../api-ports.ts';
import { apiUploadKey } from './api-object-key.ts';
import { checkOwn, noObject } from './own-objects.ts';

/** A job's recording, once it is in the bucket. */
export interface FetchedRecording {
  readonly etag: string;
  readonly sizeBytes: number;
}

export interface FetchRecordingOptions {
  readonly bucket: string;
  readonly store: ObjectStore;
  readonly uploads: Uploads;
  /** The bytes at an address that a stranger sent: of the public internet only, and not more than an upload may have. */
  readonly download: (url: URL) => AsyncIterable<Uint8Array>;
  /** @default one that takes region and keys from the environment */
  readonly client?: S3Client | undefined;
}

/** Brings recordings to a place of their job's own, for a job's results lie beside its source. */
export function fetchRecording({
  bucket: Bucket,
  store,
  uploads,
  download,
  client = new S3Client({}),
}: FetchRecordingOptions): (request: JobRequest, key: string) => Promise<FetchedRecording> {
  async function copy(from: string, to: string): Promise<void> {
    const CopySource = `${Bucket}/${from.split('/').map(encodeURIComponent).join('/')}`;
    await client.send(new CopyObjectCommand({ Bucket, CopySource, Key: to })).catch((error: unknown) => {
      const status = error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
      if (status === 404) throw noObject(from);
      // It has over 5 GB, or lies in an archive
      if (isRefused(error)) {
        throw new MurmurationError('invalid-argument', `S3 does not copy "${from}": ${error.message}`, {
          details: { param: 's3_key' },
          cause: error,
        });
      }
      throw unavailable(error);
    });
  }

  return async ({ owner, source }, key) => {
    if (source.kind === 'upload') {
      await uploads.open(owner, source.uploadId);
      await copy(apiUploadKey(owner, source.uploadId), key);
    } else if (source.kind === 's3') {
      checkOwn(owner, source.key);
      await copy(source.key, key);
    } else {
      await store.writeStream(key, download(new URL(source.url)));
    }
    const { ETag = '', ContentLength = 0 } = await client
      .send(new HeadObjectCommand({ Bucket, Key: key }))
      .catch((error: unknown) => {
        throw unavailable(error);
      });
    return { etag: ETag.replaceAll('"', ''), sizeBytes: ContentLength };
  };
}

const isRefused = (error: unknown): error is S3ServiceException =>
  error instanceof S3ServiceException &&
  (error.$metadata.httpStatusCode === 400 || error.name === 'InvalidObjectState');

function unavailable(cause: unknown): MurmurationError {
  const reason = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
  return new MurmurationError('store-unavailable', `S3 cannot be reached: ${reason}. try again`, { cause });
}
