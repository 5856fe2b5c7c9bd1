import { Readable } from 'node:stream';
import {
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { MurmurationError } from '../errors.ts';
import type { ObjectStore } from '../ports.ts';

export interface S3ObjectStoreOptions {
  readonly bucket: string;
  /** @default one that takes region and keys from the environment */
  readonly client?: S3Client | undefined;
  /** A connection of its own client that brings nothing for so long is given up. @default never */
  readonly idleMilliseconds?: number | undefined;
  /** Of a multipart upload, of which S3 takes 10,000. @default 8 MiB: 724 h of audio in one object */
  readonly partBytes?: number | undefined;
}

/** The objects of one bucket. Whoever reads needs s3:ListBucket too: without it S3 calls what is not there forbidden. */
export function s3ObjectStore({
  bucket,
  idleMilliseconds,
  client = new S3Client(idleMilliseconds ? { requestHandler: { socketTimeout: idleMilliseconds } } : {}),
  partBytes = 8 << 20,
}: S3ObjectStoreOptions): ObjectStore {
  async function getBytes(key: string, range?: { start: number; end: number }, version?: string) {
    // A range of nothing cannot be asked for
    if (range && range.end <= range.start) return new Uint8Array();
    const { Body } = await client.send(
      new GetObjectCommand({
        Bucket: bucket,
        Key: key,
        ...(range && { Range: `bytes=${range.start}-${range.end - 1}` }),
        ...(version && { IfMatch: version }),
      }),
    );
    return (await Body?.transformToByteArray()) ?? new Uint8Array();
  }

  return {
    read: (key, range) =>
      getBytes(key, range).catch((error: unknown) => {
        if (isMissing(error)) return undefined;
        // It begins behind the object's end
        if (statusOf(error) === 416) return new Uint8Array();
        throw unavailable('read', key, error);
      }),

    async write(key, body, { contentType } = {}) {
      const input = { Bucket: bucket, Key: key, Body: body, ContentType: contentType };
      await client.send(new PutObjectCommand(input)).catch((error: unknown) => {
        throw unavailable('write', key, error);
      });
    },

    async writeStream(key, parts) {
      let broken: unknown;
      async function* watched() {
        try {
          yield* parts;
        } catch (error) {
          broken = error;
          throw error;
        }
      }
      const params = { Bucket: bucket, Key: key, Body: Readable.from(watched(), { objectMode: false }) };
      // Where a part fails, Upload takes back those that were sent
      const upload = new Upload({ client, params, partSize: partBytes, queueSize: 2 });
      await upload.done().catch((error: unknown) => {
        throw broken ?? unavailable('write', key, error);
      });
    },

    async open(key, { etag } = {}) {
      const gone = (cause?: unknown) =>
        new MurmurationError(
          'file-not-found',
          `"${key}" is not there any more, or another was uploaded in its place: upload it again`,
          { details: { key, etag }, cause },
        );
      const head = await client
        .send(new HeadObjectCommand({ Bucket: bucket, Key: key }))
        .catch((error: unknown) => {
          throw isMissing(error) ? gone(error) : unavailable('read', key, error);
        });
      const { ContentLength = 0, ETag: version } = head;
      if (etag !== undefined && unquoted(version) !== unquoted(etag)) throw gone();
      return {
        name: key,
        sizeBytes: ContentLength,
        read: (start, end) =>
          getBytes(key, { start, end }, version).catch((error: unknown) => {
            throw isMissing(error) || statusOf(error) === 412 ? gone(error) : unavailable('read', key, error);
          }),
      };
    },
  };
}

const statusOf = (error: unknown) =>
  error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;

/** A bucket that is not there is another matter. */
const isMissing = (error: unknown) =>
  statusOf(error) === 404 && (error as S3ServiceException).name !== 'NoSuchBucket';

/** In events an etag has no quotes, in answers it has. */
const unquoted = (etag: string | undefined) => etag?.replaceAll('"', '');

function unavailable(what: 'read' | 'write', key: string, cause: unknown): MurmurationError {
  const reason = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
  return new MurmurationError('store-unavailable', `cannot ${what} "${key}" in S3: ${reason}. try again`, {
    details: { key },
    cause,
  });
}
