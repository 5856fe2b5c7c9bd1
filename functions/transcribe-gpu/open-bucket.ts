import { GetObjectCommand, NoSuchKey, S3Client } from '@aws-sdk/client-s3';
import type { ObjectStore } from '@murmuration/pipeline/ports';

/** Reads ranges of one bucket's objects. */
export function openBucket(bucket: string): Pick<ObjectStore, 'read'> {
  // The emulators of S3 know buckets by path alone
  const client = new S3Client({ forcePathStyle: process.env['AWS_ENDPOINT_URL'] !== undefined });
  return {
    async read(key, range) {
      const Range = range && `bytes=${range.start}-${range.end - 1}`;
      try {
        const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key, Range }));
        return await Body!.transformToByteArray();
      } catch (error) {
        if (error instanceof NoSuchKey) return undefined;
        throw error;
      }
    },
  };
}
