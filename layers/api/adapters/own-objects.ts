import { MurmurationError } from '@murmuration/pipeline/errors';
import { keys } from '@murmuration/pipeline/keys';
import type { ObjectStore } from '@murmuration/pipeline/ports';
import type { OwnObjects } from '../api-ports.ts';

const details = { param: 's3_key' };

/** What an owner has put into the kit's bucket, for its own jobs. */
export function ownObjects(store: ObjectStore): OwnObjects {
  return {
    async open(owner, key) {
      checkOwn(owner, key);
      return store.open(key).catch((error: unknown) => {
        const isGone = error instanceof MurmurationError && error.code === 'file-not-found';
        throw isGone ? noObject(key) : error;
      });
    },
  };
}

/** Other owners' recordings lie under uploads/ too. Throws `invalid-argument`. */
export function checkOwn(owner: string, key: string): void {
  const own = `${keys.uploadsPrefix}owners/${owner}/`;
  if (key.startsWith(own)) return;
  throw new MurmurationError(
    'invalid-argument',
    `"${key}" is not yours to transcribe: put the recording under "${own}"`,
    { details },
  );
}

export function noObject(key: string): MurmurationError {
  return new MurmurationError('not-found', `there is no "${key}" in the bucket: upload it first`, {
    details,
  });
}
