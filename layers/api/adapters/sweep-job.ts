import { BatchResult } from '@murmuration/pipeline/contract/batch-result';
import { readableJson } from '@murmuration/pipeline/jobs/read-json';
import { keys } from '@murmuration/pipeline/keys';
import type { ObjectStore, TranscriptCache } from '@murmuration/pipeline/ports';
import pLimit from 'p-limit';
import { z } from 'zod';
import type { ObjectFolder } from './s3-object-folder.ts';

/** Where there may be something of a job that was removed. */
export const JobTraces = z.strictObject({
  /** Of its own recording. */
  sourceKey: z.string().startsWith(keys.apiPrefix),
  /** Of the pipeline, which knows it by its content. */
  jobIds: z.array(z.string().regex(/^\w+$/)),
});
export type JobTraces = z.infer<typeof JobTraces>;

export interface SweepPorts {
  readonly store: Pick<ObjectStore, 'read'>;
  readonly folder: ObjectFolder;
  /** Where what was heard is kept, too. */
  readonly cache?: TranscriptCache | undefined;
}

const READS_AT_ONCE = 16;

/** Deletes the job's recording, its samples, what was heard of it wherever that lies, and what was delivered. */
export async function sweepJob({ sourceKey, jobIds }: JobTraces, ports: SweepPorts): Promise<void> {
  const { folder } = ports;
  const work = jobIds.flatMap((id) => [`${keys.jobsPrefix}${id}/`, keys.asyncOutput(id)]);
  await forgetCached(sourceKey, work, ports);
  for (const prefix of [sourceKey, `${keys.transcriptsPrefix}${sourceKey}`, ...work]) {
    await folder.remove(prefix);
  }
}

/** What its batches, its answers and its transcript say that the cache has of it. */
async function forgetCached(
  sourceKey: string,
  work: readonly string[],
  { store, folder, cache }: SweepPorts,
): Promise<void> {
  if (cache?.forget === undefined) return;
  const listed = await Promise.all(work.map((prefix) => folder.list(prefix)));
  const answers = listed
    .flat()
    .filter((key) => key.includes('/attempt-') || key.startsWith(keys.asyncOutputPrefix));
  const found = await pLimit(READS_AT_ONCE).map(answers, async (key) => {
    return (await readableJson(store, key, BatchResult))?.cacheKeys ?? [];
  });
  const merged = (await readableJson(store, keys.cacheKeys(sourceKey), z.array(z.string()))) ?? [];
  const cacheKeys = [...new Set([...merged, ...found.flat()])];
  if (cacheKeys.length > 0) await cache.forget(cacheKeys);
}
