import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  HeadObjectCommand,
  S3Client,
  S3ServiceException,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { MurmurationError } from '@murmuration/pipeline/errors';
import type { Clock, ObjectStore } from '@murmuration/pipeline/ports';
import { z } from 'zod';
import type { Upload, Uploads } from '../api-ports.ts';
import { UploadId } from '../contract/resource-id.ts';
import { apiUploadKey } from './api-object-key.ts';
import type { DynamoTable } from './dynamo-table.ts';

/** S3 takes 10,000 parts of 5 MiB at least. */
const LEAST_PART_BYTES = 64 << 20;
const MOST_PARTS = 1000;
/** How long the addresses of parts are good, and how long the upload is remembered. */
const SIGNED_SECONDS = 3600;
const KEPT_SECONDS = 7 * 24 * 3600;

const UploadItem = z.object({
  name: z.string(),
  sizeBytes: z.number(),
  s3UploadId: z.string(),
  completed: z.boolean(),
  /** Seconds of the epoch. */
  expiresAt: z.number(),
});

export interface S3UploadsOptions {
  readonly bucket: string;
  readonly table: DynamoTable;
  readonly store: ObjectStore;
  readonly clock: Clock;
  /** @default one that takes region and keys from the environment */
  readonly client?: S3Client | undefined;
}

/** Uploads that go to S3 directly, part by part, by signed addresses: they never pass through the API. */
export function s3Uploads({
  bucket: Bucket,
  table,
  store,
  clock,
  // By default it signs the checksum of an empty body into addresses, which no part has
  client = new S3Client({ requestChecksumCalculation: 'WHEN_REQUIRED' }),
}: S3UploadsOptions): Uploads & { remove(owner: string, id: string): Promise<void> } {
  const place = (owner: string, id: string) => ({ pk: `owner#${owner}`, sk: `upload#${id}` });

  async function find(owner: string, id: string): Promise<z.output<typeof UploadItem>> {
    // DynamoDB refuses names that are too long
    const item = UploadId.safeParse(id).success ? await table.get(place(owner, id)) : undefined;
    const upload = item && UploadItem.parse(item);
    // DynamoDB takes days to remove what has expired
    if (upload !== undefined && upload.expiresAt * 1000 > clock()) return upload;
    throw new MurmurationError('not-found', `there is no upload "${id.slice(0, 100)}", or no longer`, {
      details: { param: 'upload_id' },
    });
  }

  return {
    async create({ id, owner, name, sizeBytes }): Promise<Upload> {
      const Key = apiUploadKey(owner, id);
      const { UploadId } = await client
        .send(new CreateMultipartUploadCommand({ Bucket, Key }))
        .catch(unavailable);
      const partBytes = Math.max(LEAST_PART_BYTES, Math.ceil(sizeBytes / MOST_PARTS));
      const starts = Array.from(
        { length: Math.max(1, Math.ceil(sizeBytes / partBytes)) },
        (_, index) => index * partBytes,
      );
      const parts = await Promise.all(
        starts.map(async (startByte, index) => {
          const endByte = Math.min(startByte + partBytes, sizeBytes);
          // Signed too: an address takes a part of its own size, and not the 5 GiB that S3 would
          const ContentLength = endByte - startByte;
          const place = { Bucket, Key, UploadId, PartNumber: index + 1 };
          const part = new UploadPartCommand({ ...place, ContentLength });
          return { url: await getSignedUrl(client, part, { expiresIn: SIGNED_SECONDS }), startByte, endByte };
        }),
      );
      const now = clock();
      const nowSeconds = Math.floor(now / 1000);
      const kept = { name, sizeBytes, s3UploadId: UploadId, completed: false };
      await table.putNew({ ...place(owner, id), ...kept, expiresAt: nowSeconds + KEPT_SECONDS }, nowSeconds);
      return { id, name, sizeBytes, parts, expiresAt: now + SIGNED_SECONDS * 1000 };
    },

    async complete(owner, id, etags) {
      const { s3UploadId, completed, sizeBytes } = await find(owner, id);
      if (completed) return;
      const Key = apiUploadKey(owner, id);
      const Parts = etags.map((ETag, index) => ({ ETag, PartNumber: index + 1 }));
      await client
        .send(
          new CompleteMultipartUploadCommand({
            Bucket,
            Key,
            UploadId: s3UploadId,
            MultipartUpload: { Parts },
          }),
        )
        .catch((error: unknown) => {
          // It was completed before, and only that was not written down
          if (error instanceof S3ServiceException && error.name === 'NoSuchUpload') return;
          if (isClientFault(error)) throw incomplete(id, error);
          return unavailable(error);
        });
      const { ContentLength } = await client
        .send(new HeadObjectCommand({ Bucket, Key }))
        .catch((error: unknown) => {
          if (error instanceof S3ServiceException && error.$metadata.httpStatusCode === 404) {
            throw incomplete(id, error);
          }
          return unavailable(error);
        });
      if (ContentLength !== sizeBytes) {
        throw new MurmurationError(
          'invalid-argument',
          `upload ${id} has ${ContentLength} bytes, ${sizeBytes} were announced: create another upload`,
          { details: { param: 'upload_id' } },
        );
      }
      await table.change(place(owner, id), {
        update: 'SET completed = :yes',
        values: { ':yes': true },
      });
    },

    async open(owner, id) {
      const { name, completed } = await find(owner, id);
      if (!completed) throw incomplete(id);
      return { source: await store.open(apiUploadKey(owner, id)), name };
    },

    async remove(owner, id) {
      const deletion = new DeleteObjectCommand({ Bucket, Key: apiUploadKey(owner, id) });
      await client.send(deletion).catch(unavailable);
      await table.removeAll([place(owner, id)]);
    },
  };
}

const isClientFault = (error: unknown) =>
  error instanceof S3ServiceException && error.$metadata.httpStatusCode === 400;

function incomplete(id: string, cause?: unknown): MurmurationError {
  return new MurmurationError(
    'invalid-argument',
    `upload ${id} is not complete: PUT every part, then POST the etags that the PUTs answered to /v1/uploads/${id}/complete`,
    { cause, details: { param: 'upload_id' } },
  );
}

function unavailable(cause: unknown): never {
  const reason = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
  throw new MurmurationError('store-unavailable', `S3 cannot take uploads: ${reason}. try again`, { cause });
}
