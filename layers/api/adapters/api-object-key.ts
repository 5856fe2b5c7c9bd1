import { createHash } from 'node:crypto';
import { keys } from '@murmuration/pipeline/keys';

/**
 * Where a job's recording lies: under uploads/, since the pipeline reads nothing else, but without a media file's
 * ending, so that its arrival starts no job by itself. A request that comes again after its job was removed has another
 * place: what is still swept of the first does not touch it.
 * @param createdAt milliseconds of the epoch
 */
export function apiObjectKey(owner: string, { id, createdAt }: { id: string; createdAt: number }): string {
  return `${keys.apiPrefix}${folderOf(owner)}/${id}/${createdAt}`;
}

/** Where an upload lies that jobs may be made of. */
export const apiUploadKey = (owner: string, id: string): string =>
  `${keys.apiUploadsPrefix}${folderOf(owner)}/${id}`;

const folderOf = (owner: string) => createHash('sha256').update(owner).digest('hex').slice(0, 16);
