import { DeleteObjectsCommand, paginateListObjectsV2, S3Client } from '@aws-sdk/client-s3';
import { MurmurationError } from '@murmuration/pipeline/errors';

/** All objects of a bucket whose keys begin alike. */
export interface ObjectFolder {
  list(prefix: string): Promise<string[]>;
  remove(prefix: string): Promise<void>;
}

/** S3 deletes so many at once. */
const AT_ONCE = 1000;

/** Throws `store-unavailable`. */
export function s3ObjectFolder({
  bucket: Bucket,
  client = new S3Client({}),
}: {
  readonly bucket: string;
  readonly client?: S3Client | undefined;
}): ObjectFolder {
  async function list(Prefix: string): Promise<string[]> {
    const found: string[] = [];
    for await (const { Contents = [] } of paginateListObjectsV2({ client }, { Bucket, Prefix })) {
      found.push(...Contents.flatMap(({ Key }) => Key ?? []));
    }
    return found;
  }
  return {
    list: (prefix) => list(prefix).catch(unavailable),
    async remove(prefix) {
      const found = await list(prefix).catch(unavailable);
      for (let start = 0; start < found.length; start += AT_ONCE) {
        const Objects = found.slice(start, start + AT_ONCE).map((Key) => ({ Key }));
        const removal = new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } });
        const { Errors: [failed] = [] } = await client.send(removal).catch(unavailable);
        if (failed !== undefined) unavailable(new Error(`${failed.Key}: ${failed.Message}`));
      }
    },
  };
}

function unavailable(cause: unknown): never {
  const reason = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
  throw new MurmurationError('store-unavailable', `S3 cannot be reached: ${reason}. try again`, { cause });
}
