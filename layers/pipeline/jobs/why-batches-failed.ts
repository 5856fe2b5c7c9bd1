import { z } from 'zod';
import { Batch } from '../contract/plan.ts';
import { keys } from '../keys.ts';
import type { ObjectStore } from '../ports.ts';
import { readJson } from './read-json.ts';
import { readResults } from './read-results.ts';

/** Why the first dead batch of a job died; undefined where nobody left word. */
export async function whyBatchesFailed(
  jobId: string,
  store: ObjectStore,
): Promise<{ code: string; reason: string } | undefined> {
  const batches = await readJson(store, keys.plan(jobId), z.array(Batch));
  const outcomes = await readResults(batches ?? [], store);
  const dead = outcomes.filter(({ result }) => result === undefined);
  const first = dead.flatMap(({ failures }) => failures.at(-1) ?? [])[0];
  if (first === undefined) return undefined;
  const { code, reason } = first;
  return { code, reason: `${dead.length} of ${outcomes.length} batches could not be transcribed: ${reason}` };
}
