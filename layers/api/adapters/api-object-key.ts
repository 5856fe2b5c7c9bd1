import { createHash } from 'node:crypto';
import { keys } from '@murmuration/pipeline/keys';

/**
 * Where a recording of the API lies: under uploads/, since the pipeline reads nothing else, but without a media file's
 * ending, so that its arrival starts no job by itself.
 */
export function apiObjectKey(owner: string, id: string): string {
  const folder = createHash('sha256').update(owner).digest('hex').slice(0, 16);
  return `${keys.uploadsPrefix}api/${folder}/${id}`;
}
