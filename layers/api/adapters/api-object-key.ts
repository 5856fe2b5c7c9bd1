import { createHash } from 'node:crypto';
import { keys } from '@murmuration/pipeline/keys';

/**
 * Where a job's recording lies: under uploads/, since the pipeline reads nothing else, but without a media file's
 * ending, so that its arrival starts no job by itself.
 */
export function apiObjectKey(owner: string, id: string): string {
  return `${keys.uploadsPrefix}api/${folderOf(owner)}/${id}`;
}

/** Where an upload lies that jobs may be made of. */
export const apiUploadKey = (owner: string, id: string): string =>
  `${keys.apiUploadsPrefix}${folderOf(owner)}/${id}`;

const folderOf = (owner: string) => createHash('sha256').update(owner).digest('hex').slice(0, 16);
