import pMap from 'p-map';
import { z } from 'zod';
import { Lane } from '../contract/batch-result.ts';
import { Batch, type Recording } from '../contract/plan.ts';
import { isConfidential } from '../edits/open-edits.ts';
import { keys } from '../keys.ts';
import type { ObjectStore } from '../ports.ts';
import { readJson } from './read-json.ts';
import { writeJson } from './write-json.ts';

/** A 10 h recording has some 190 batches. */
const AT_ONCE = 16;

/**
 * Takes what the lanes heard out of a job's batches where what is private was to be redacted: until merging it has to be
 * there, afterwards it would only lie about. What comes late is not taken any more, see `finishInference`.
 */
export async function forgetHeard(
  { jobId, options }: Pick<Recording, 'jobId' | 'options'>,
  store: ObjectStore,
): Promise<void> {
  if (!isConfidential(options.edits)) return;
  const batches = (await readJson(store, keys.plan(jobId), z.array(Batch))) ?? [];
  const attempts = batches.flatMap(({ index }) =>
    Lane.options.map((lane) => keys.batchResult(jobId, index, lane)),
  );
  await pMap(attempts, (key) => forget(key, store), { concurrency: AT_ONCE });
}

/** Leaves an object in which nothing stands; none where there was none. */
export async function forget(key: string, store: ObjectStore): Promise<void> {
  if ((await store.read(key, { start: 0, end: 1 })) !== undefined) await writeJson(store, key, {});
}
