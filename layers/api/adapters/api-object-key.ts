import { createHash } from 'node:crypto';
import { keys } from '@murmuration/pipeline/keys';
import { JobId } from '../contract/resource-id.ts';

/**
 * Where a recording of the API lies: under uploads/, since the pipeline reads nothing else, but without a media file's
 * ending, so that its arrival starts no job by itself.
 */
export function apiObjectKey(owner: string, id: string): string {
  const folder = createHash('sha256').update(owner).digest('hex').slice(0, 16);
  return `${keys.uploadsPrefix}api/${folder}/${id}`;
}

/** The job that a recording of the API is of; undefined where it is of an upload, or not of the API. */
export function jobOfObjectKey(sourceKey: string): string | undefined {
  const [folder, id] = sourceKey.slice(`${keys.uploadsPrefix}api/`.length).split('/');
  const isOurs = sourceKey === `${keys.uploadsPrefix}api/${folder}/${id}` && JobId.safeParse(id).success;
  return isOurs ? id : undefined;
}
