import { BatchResult, type Lane } from '../contract/batch-result.ts';
import { keys } from '../keys.ts';
import type { ObjectStore } from '../ports.ts';
import { readableJson } from './read-json.ts';

/** Which batch, and of which plan: a job keeps its id when it is cut anew. */
export type PlannedBatch = Pick<BatchResult, 'jobId' | 'index' | 'soundSha256'>;

/** What a lane left of a batch; undefined where that is nothing, of another plan, or from another version of the kit. */
export async function readAttempt(
  { jobId, index, soundSha256 }: PlannedBatch,
  lane: Lane,
  store: ObjectStore,
): Promise<BatchResult | undefined> {
  const found = await readableJson(store, keys.batchResult(jobId, index, lane), BatchResult);
  return found?.soundSha256 === soundSha256 ? found : undefined;
}
